"""Coins: acts and their transfers, redemptions, gifts, grants, moves, relationships, families and estates.

A migration that rebuilds one of the guarded tables, or that of the accounts, on SQLite drops its triggers, and has to
make them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

APPEND_ONLY = ("coin_act", "coin_transfer", "coin_grant", "coin_move")
WORDS = "is append-only: write a reversal instead"
FULL = "NEW.status = 'closed' AND (NEW.credits <> NEW.debits OR NEW.held <> 0)"
NOT_EMPTY = "an account is closed when there is nothing in it"
TABLES = (
    "estate",
    "family_member",
    "family",
    "relationship",
    "coin_move",
    "coin_grant",
    "grant_programme",
    "gift",
    "redemption",
    "coin_transfer",
    "coin_act",
)


def upgrade() -> None:
    """Make the tables, and the triggers that guard them and the closing of accounts."""
    _make_acts()
    _make_redemptions()
    _make_gifts()
    _make_grants()
    _make_moves()
    _make_families()
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _make_acts() -> None:
    op.create_table(
        "coin_act",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("acted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("actor <> '' AND key <> ''", name=op.f("ck_coin_act_words")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_coin_act_book_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coin_act")),
    )
    op.create_index("uq_coin_act_key", "coin_act", ["book_id", "actor", "key"], unique=True)
    op.create_table(
        "coin_transfer",
        sa.Column("transfer_id", sa.BigInteger(), nullable=False),
        sa.Column("act_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["act_id"], ["coin_act.id"], name=op.f("fk_coin_transfer_act_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_coin_transfer_transfer_id")),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("pk_coin_transfer")),
    )
    op.create_index(op.f("ix_coin_transfer_act_id"), "coin_transfer", ["act_id"], unique=False)


def _make_redemptions() -> None:
    op.create_table(
        "redemption",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("act_id", sa.BigInteger(), nullable=False),
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("holder_id", sa.BigInteger(), nullable=False),
        sa.Column("asker_id", sa.BigInteger(), nullable=False),
        sa.Column("served_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=True),
        sa.Column("visit_id", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("price_min", sa.BigInteger(), nullable=False),
        sa.Column("numerator", sa.BigInteger(), nullable=False),
        sa.Column("denominator", sa.BigInteger(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("hold_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("captured_min", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("settlements", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("transfer_id", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("captured_min = 0 OR status = 'captured'", name=op.f("ck_redemption_state")),
        sa.CheckConstraint("status IN ('held','captured','released','expired')", name=op.f("ck_redemption_status")),
        sa.CheckConstraint("(captured_min > 0) = (transfer_id IS NOT NULL)", name=op.f("ck_redemption_transfer")),
        sa.CheckConstraint(
            "CASE WHEN request_id IS NULL THEN 0 ELSE 1 END + CASE WHEN visit_id IS NULL THEN 0 ELSE 1 END "
            "+ CASE WHEN group_id IS NULL THEN 0 ELSE 1 END <= 1",
            name=op.f("ck_redemption_one_purpose"),
        ),
        sa.CheckConstraint(
            "captured_min BETWEEN 0 AND price_min AND settlements >= 0", name=op.f("ck_redemption_captured")
        ),
        sa.CheckConstraint(
            "minutes > 0 AND price_min > 0 AND numerator > 0 AND denominator > 0", name=op.f("ck_redemption_amounts")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_redemption_account_id")),
        sa.ForeignKeyConstraint(["act_id"], ["coin_act.id"], name=op.f("fk_redemption_act_id")),
        sa.ForeignKeyConstraint(["asker_id"], ["person.id"], name=op.f("fk_redemption_asker_id")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_redemption_book_id")),
        sa.ForeignKeyConstraint(["group_id"], ["group_service.id"], name=op.f("fk_redemption_group_id")),
        sa.ForeignKeyConstraint(["hold_id"], ["transfer.id"], name=op.f("fk_redemption_hold_id")),
        sa.ForeignKeyConstraint(["holder_id"], ["person.id"], name=op.f("fk_redemption_holder_id")),
        sa.ForeignKeyConstraint(["request_id"], ["service_request.id"], name=op.f("fk_redemption_request_id")),
        sa.ForeignKeyConstraint(["served_id"], ["person.id"], name=op.f("fk_redemption_served_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_redemption_service_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_redemption_transfer_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_redemption_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemption")),
    )
    op.create_index(op.f("ix_redemption_account_id"), "redemption", ["account_id"], unique=False)
    op.create_index(op.f("ix_redemption_asker_id"), "redemption", ["asker_id"], unique=False)
    op.create_index(op.f("ix_redemption_group_id"), "redemption", ["group_id"], unique=False)
    op.create_index(op.f("ix_redemption_holder_id"), "redemption", ["holder_id"], unique=False)
    op.create_index("ix_redemption_list", "redemption", ["book_id", "status", "id"], unique=False)
    op.create_index(op.f("ix_redemption_request_id"), "redemption", ["request_id"], unique=False)
    op.create_index(op.f("ix_redemption_served_id"), "redemption", ["served_id"], unique=False)
    op.create_index(op.f("ix_redemption_service_id"), "redemption", ["service_id"], unique=False)
    op.create_index(op.f("ix_redemption_transfer_id"), "redemption", ["transfer_id"], unique=False)
    op.create_index(op.f("ix_redemption_visit_id"), "redemption", ["visit_id"], unique=False)
    op.create_index("uq_redemption_act", "redemption", ["act_id"], unique=True)
    op.create_index(
        "uq_redemption_group",
        "redemption",
        ["group_id", "served_id"],
        unique=True,
        sqlite_where=sa.text("status IN ('held','captured')"),
        postgresql_where=sa.text("status IN ('held','captured')"),
    )
    op.create_index("uq_redemption_hold", "redemption", ["hold_id"], unique=True)
    op.create_index(
        "uq_redemption_request",
        "redemption",
        ["request_id"],
        unique=True,
        sqlite_where=sa.text("status IN ('held','captured')"),
        postgresql_where=sa.text("status IN ('held','captured')"),
    )
    op.create_index(
        "uq_redemption_visit",
        "redemption",
        ["visit_id"],
        unique=True,
        sqlite_where=sa.text("status IN ('held','captured')"),
        postgresql_where=sa.text("status IN ('held','captured')"),
    )


def _make_gifts() -> None:
    op.create_table(
        "gift",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("act_id", sa.BigInteger(), nullable=False),
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("giver_id", sa.BigInteger(), nullable=False),
        sa.Column("taker_id", sa.BigInteger(), nullable=False),
        sa.Column("relation", sa.String(length=16), nullable=False),
        sa.Column("amount_min", sa.BigInteger(), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hold_id", sa.BigInteger(), nullable=False),
        sa.Column("transfer_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'pending') = (answered_at IS NULL)", name=op.f("ck_gift_answered")),
        sa.CheckConstraint(
            "(status IN ('accepted','undone')) = (transfer_id IS NOT NULL)", name=op.f("ck_gift_transfer")
        ),
        sa.CheckConstraint(
            "status IN ('pending','accepted','declined','withdrawn','lapsed','undone')", name=op.f("ck_gift_status")
        ),
        sa.CheckConstraint("amount_min > 0", name=op.f("ck_gift_amount")),
        sa.CheckConstraint("giver_id <> taker_id", name=op.f("ck_gift_two_people")),
        sa.ForeignKeyConstraint(["act_id"], ["coin_act.id"], name=op.f("fk_gift_act_id")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_gift_book_id")),
        sa.ForeignKeyConstraint(["giver_id"], ["person.id"], name=op.f("fk_gift_giver_id")),
        sa.ForeignKeyConstraint(["hold_id"], ["transfer.id"], name=op.f("fk_gift_hold_id")),
        sa.ForeignKeyConstraint(["taker_id"], ["person.id"], name=op.f("fk_gift_taker_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_gift_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift")),
    )
    op.create_index("ix_gift_giver", "gift", ["giver_id", "status"], unique=False)
    op.create_index("ix_gift_list", "gift", ["book_id", "status", "id"], unique=False)
    op.create_index("ix_gift_taker", "gift", ["taker_id", "status"], unique=False)
    op.create_index(op.f("ix_gift_transfer_id"), "gift", ["transfer_id"], unique=False)
    op.create_index("uq_gift_act", "gift", ["act_id"], unique=True)
    op.create_index("uq_gift_hold", "gift", ["hold_id"], unique=True)


def _make_grants() -> None:
    op.create_table(
        "grant_programme",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("act_id", sa.BigInteger(), nullable=False),
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("name_zh", sa.String(length=120), nullable=False),
        sa.Column("amount_min", sa.BigInteger(), nullable=False),
        sa.Column("budget_min", sa.BigInteger(), nullable=False),
        sa.Column("used_min", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.CheckConstraint("amount_min > 0 AND budget_min >= amount_min", name=op.f("ck_grant_programme_amounts")),
        sa.CheckConstraint("to_day > from_day", name=op.f("ck_grant_programme_days")),
        sa.CheckConstraint("used_min >= 0 AND used_min <= budget_min", name=op.f("ck_grant_programme_budget")),
        sa.ForeignKeyConstraint(["act_id"], ["coin_act.id"], name=op.f("fk_grant_programme_act_id")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_grant_programme_book_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_programme")),
    )
    op.create_index("ix_grant_programme_book", "grant_programme", ["book_id", "from_day"], unique=False)
    op.create_index("uq_grant_programme_act", "grant_programme", ["act_id"], unique=True)
    op.create_table(
        "coin_grant",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("programme_id", sa.BigInteger(), nullable=False),
        sa.Column("act_id", sa.BigInteger(), nullable=False),
        sa.Column("transfer_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_min", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_min > 0", name=op.f("ck_coin_grant_amount")),
        sa.ForeignKeyConstraint(["act_id"], ["coin_act.id"], name=op.f("fk_coin_grant_act_id")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_coin_grant_book_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_coin_grant_person_id")),
        sa.ForeignKeyConstraint(["programme_id"], ["grant_programme.id"], name=op.f("fk_coin_grant_programme_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_coin_grant_transfer_id")),
        sa.PrimaryKeyConstraint("book_id", "person_id", name=op.f("pk_coin_grant")),
    )
    op.create_index(op.f("ix_coin_grant_person_id"), "coin_grant", ["person_id"], unique=False)
    op.create_index(op.f("ix_coin_grant_programme_id"), "coin_grant", ["programme_id"], unique=False)
    op.create_index("uq_coin_grant_act", "coin_grant", ["act_id"], unique=True)
    op.create_index("uq_coin_grant_transfer", "coin_grant", ["transfer_id"], unique=True)


def _make_moves() -> None:
    op.create_table(
        "coin_move",
        sa.Column("act_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("from_book_id", sa.BigInteger(), nullable=False),
        sa.Column("to_book_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_min", sa.BigInteger(), nullable=False),
        sa.Column("out_transfer_id", sa.BigInteger(), nullable=False),
        sa.Column("in_transfer_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("from_book_id <> to_book_id AND amount_min > 0", name=op.f("ck_coin_move_amounts")),
        sa.ForeignKeyConstraint(["act_id"], ["coin_act.id"], name=op.f("fk_coin_move_act_id")),
        sa.ForeignKeyConstraint(["from_book_id"], ["book.id"], name=op.f("fk_coin_move_from_book_id")),
        sa.ForeignKeyConstraint(["in_transfer_id"], ["transfer.id"], name=op.f("fk_coin_move_in_transfer_id")),
        sa.ForeignKeyConstraint(["out_transfer_id"], ["transfer.id"], name=op.f("fk_coin_move_out_transfer_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_coin_move_person_id")),
        sa.ForeignKeyConstraint(["to_book_id"], ["book.id"], name=op.f("fk_coin_move_to_book_id")),
        sa.PrimaryKeyConstraint("act_id", name=op.f("pk_coin_move")),
    )
    op.create_index(op.f("ix_coin_move_from_book_id"), "coin_move", ["from_book_id"], unique=False)
    op.create_index(op.f("ix_coin_move_person_id"), "coin_move", ["person_id"], unique=False)
    op.create_index(op.f("ix_coin_move_to_book_id"), "coin_move", ["to_book_id"], unique=False)
    op.create_index("uq_coin_move_in", "coin_move", ["in_transfer_id"], unique=True)
    op.create_index("uq_coin_move_out", "coin_move", ["out_transfer_id"], unique=True)


def _make_families() -> None:
    op.create_table(
        "relationship",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("act_id", sa.BigInteger(), nullable=False),
        sa.Column("one_id", sa.BigInteger(), nullable=False),
        sa.Column("other_id", sa.BigInteger(), nullable=False),
        sa.Column("relation", sa.String(length=16), nullable=False),
        sa.Column("proposed_by", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("answer_act_id", sa.BigInteger(), nullable=True),
        sa.Column("end_act_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(status = 'ended') = (end_act_id IS NOT NULL)", name=op.f("ck_relationship_ended")),
        sa.CheckConstraint(
            "relation IN ('parent','grandparent','spouse','child','grandchild','sibling','other_relative','friend')",
            name=op.f("ck_relationship_relation"),
        ),
        sa.CheckConstraint(
            "status IN ('proposed','confirmed','declined','ended')", name=op.f("ck_relationship_status")
        ),
        sa.CheckConstraint(
            "status NOT IN ('confirmed','declined') OR answer_act_id IS NOT NULL", name=op.f("ck_relationship_answered")
        ),
        sa.CheckConstraint("one_id < other_id", name=op.f("ck_relationship_pair")),
        sa.CheckConstraint("proposed_by IN (one_id, other_id)", name=op.f("ck_relationship_proposed_by")),
        sa.ForeignKeyConstraint(["act_id"], ["coin_act.id"], name=op.f("fk_relationship_act_id")),
        sa.ForeignKeyConstraint(["answer_act_id"], ["coin_act.id"], name=op.f("fk_relationship_answer_act_id")),
        sa.ForeignKeyConstraint(["end_act_id"], ["coin_act.id"], name=op.f("fk_relationship_end_act_id")),
        sa.ForeignKeyConstraint(["one_id"], ["person.id"], name=op.f("fk_relationship_one_id")),
        sa.ForeignKeyConstraint(["other_id"], ["person.id"], name=op.f("fk_relationship_other_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relationship")),
    )
    op.create_index(op.f("ix_relationship_answer_act_id"), "relationship", ["answer_act_id"], unique=False)
    op.create_index(op.f("ix_relationship_end_act_id"), "relationship", ["end_act_id"], unique=False)
    op.create_index(op.f("ix_relationship_one_id"), "relationship", ["one_id"], unique=False)
    op.create_index(op.f("ix_relationship_other_id"), "relationship", ["other_id"], unique=False)
    op.create_index("uq_relationship_act", "relationship", ["act_id"], unique=True)
    op.create_index(
        "uq_relationship_pair",
        "relationship",
        ["one_id", "other_id"],
        unique=True,
        sqlite_where=sa.text("status IN ('proposed','confirmed')"),
        postgresql_where=sa.text("status IN ('proposed','confirmed')"),
    )
    op.create_table(
        "family",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("act_id", sa.BigInteger(), nullable=False),
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("head_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.CheckConstraint("status IN ('open','closed')", name=op.f("ck_family_status")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_family_account_id")),
        sa.ForeignKeyConstraint(["act_id"], ["coin_act.id"], name=op.f("fk_family_act_id")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_family_book_id")),
        sa.ForeignKeyConstraint(["head_id"], ["person.id"], name=op.f("fk_family_head_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_family")),
    )
    op.create_index(op.f("ix_family_book_id"), "family", ["book_id"], unique=False)
    op.create_index(op.f("ix_family_head_id"), "family", ["head_id"], unique=False)
    op.create_index("uq_family_account", "family", ["account_id"], unique=True)
    op.create_index("uq_family_act", "family", ["act_id"], unique=True)
    op.create_table(
        "family_member",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("act_id", sa.BigInteger(), nullable=False),
        sa.Column("family_id", sa.BigInteger(), nullable=False),
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("relation", sa.String(length=16), nullable=False),
        sa.Column("put_in_min", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("taken_out_min", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("left_act_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(left_act_id IS NOT NULL) OR taken_out_min = 0", name=op.f("ck_family_member_left")),
        sa.CheckConstraint("put_in_min >= 0 AND taken_out_min >= 0", name=op.f("ck_family_member_amounts")),
        sa.ForeignKeyConstraint(["act_id"], ["coin_act.id"], name=op.f("fk_family_member_act_id")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_family_member_book_id")),
        sa.ForeignKeyConstraint(["family_id"], ["family.id"], name=op.f("fk_family_member_family_id")),
        sa.ForeignKeyConstraint(["left_act_id"], ["coin_act.id"], name=op.f("fk_family_member_left_act_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_family_member_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_family_member")),
    )
    op.create_index(op.f("ix_family_member_family_id"), "family_member", ["family_id"], unique=False)
    op.create_index(op.f("ix_family_member_left_act_id"), "family_member", ["left_act_id"], unique=False)
    op.create_index(op.f("ix_family_member_person_id"), "family_member", ["person_id"], unique=False)
    op.create_index("uq_family_member_act", "family_member", ["act_id"], unique=True)
    op.create_index(
        "uq_family_member_person",
        "family_member",
        ["book_id", "person_id"],
        unique=True,
        sqlite_where=sa.text("left_act_id IS NULL"),
        postgresql_where=sa.text("left_act_id IS NULL"),
    )
    op.create_table(
        "estate",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("act_id", sa.BigInteger(), nullable=False),
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("died_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("settled_act_id", sa.BigInteger(), nullable=True),
        sa.Column("passed_min", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(status = 'settled') = (passed_min IS NOT NULL)", name=op.f("ck_estate_passed")),
        sa.CheckConstraint("(status = 'settled') = (settled_act_id IS NOT NULL)", name=op.f("ck_estate_settled")),
        sa.CheckConstraint("status IN ('open','settled')", name=op.f("ck_estate_status")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_estate_account_id")),
        sa.ForeignKeyConstraint(["act_id"], ["coin_act.id"], name=op.f("fk_estate_act_id")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_estate_book_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_estate_person_id")),
        sa.ForeignKeyConstraint(["settled_act_id"], ["coin_act.id"], name=op.f("fk_estate_settled_act_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_estate")),
    )
    op.create_index(op.f("ix_estate_account_id"), "estate", ["account_id"], unique=False)
    op.create_index(op.f("ix_estate_person_id"), "estate", ["person_id"], unique=False)
    op.create_index(op.f("ix_estate_settled_act_id"), "estate", ["settled_act_id"], unique=False)
    op.create_index("uq_estate_act", "estate", ["act_id"], unique=True)
    op.create_index("uq_estate_person", "estate", ["book_id", "person_id"], unique=True)


def _guard_sqlite() -> None:
    for table in APPEND_ONLY:
        for action in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{action} BEFORE {action.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} {WORDS}'); END"
            )
    op.execute(
        f"CREATE TRIGGER account_closes_empty BEFORE UPDATE OF status ON account WHEN {FULL} "
        f"BEGIN SELECT RAISE(ABORT, '{NOT_EMPTY}'); END"
    )


def _guard_postgresql() -> None:
    for table in APPEND_ONLY:
        for action, each in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT")):
            _trigger(table, f"{table}_no_{action}", f"BEFORE {action.upper()}", f"FOR EACH {each}", "refuse_change")
    op.execute(
        "CREATE FUNCTION refuse_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{NOT_EMPTY}' USING ERRCODE = 'check_violation'; END $$"
    )
    when = f"FOR EACH ROW WHEN ({FULL})"
    _trigger("account", "account_closes_empty", "BEFORE UPDATE OF status", when, "refuse_full")


def _trigger(table: str, name: str, when: str, each: str, function: str) -> None:
    """Make a trigger that fires for replication and restores too."""
    op.execute(f"CREATE TRIGGER {name} {when} ON {table} {each} EXECUTE FUNCTION {function}()")
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def downgrade() -> None:
    """Take the trigger of the accounts and the tables away."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    op.execute("DROP TRIGGER account_closes_empty" + (" ON account" if is_postgresql else ""))
    for table in TABLES:
        op.drop_table(table)
    if is_postgresql:
        op.execute("DROP FUNCTION refuse_full()")
