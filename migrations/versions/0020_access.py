"""Access: signing keys of tokens, clients of organisations, linked persons, one-time codes, what was done about them.

Tokens get a name, their maker and their last use, and room for more scopes. SQLite makes their table anew for it; no
trigger stands on it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLES = ("one_time_code", "linked_subject", "assertion_seen", "client_credential", "api_client", "access_key")
STAYS = ("key_id", "public_key", "made_at")
NO_OTHER_KEY = "a key of tokens stays as it is published, and retires once"
WORDS = "is append-only: what was done about access stays told"
ACTIONS = (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT"))
STANDS = "withdrawn_at IS NULL"
NEW = ("name", "made_by", "idempotency_key", "last_used_at")
OLD = (
    "id",
    "digest",
    "shown_prefix",
    "organisation_id",
    "person_id",
    "scopes",
    "created_at",
    "expires_at",
    "revoked_at",
)


def upgrade() -> None:
    """Make the tables, widen that of tokens, and guard what stays."""
    _widen_tokens()
    _make_events()
    _make_keys()
    _make_clients()
    _make_people()
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _number() -> "sa.Column[int]":
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _new_columns() -> "list[sa.Column[object]]":
    return [
        sa.Column("name", sa.String(length=80), server_default="", nullable=False),
        sa.Column("made_by", sa.String(length=80), server_default="operator", nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=True),
        _moment("last_used_at", nullable=True),
    ]


def _widen_tokens() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_tokens(2000, _new_columns())
    else:
        op.execute("ALTER TABLE access_token ALTER COLUMN scopes TYPE VARCHAR(2000)")
        for column in _new_columns():
            op.add_column("access_token", column)
    op.create_index("uq_access_token_key", "access_token", ["made_by", "idempotency_key"], unique=True)


def _rebuild_tokens(scopes: int, more: "list[sa.Column[object]]") -> None:
    """Make the table anew on SQLite, which cannot change the type of a column; rows stay as they are."""
    for index in ("ix_access_token_holder", "ix_access_token_person_id"):
        op.drop_index(index, "access_token")
    op.rename_table("access_token", "access_token_before")
    op.create_table(
        "access_token",
        _number(),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("shown_prefix", sa.String(length=16), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("scopes", sa.String(length=scopes), nullable=False),
        _moment("created_at"),
        _moment("expires_at"),
        _moment("revoked_at", nullable=True),
        *more,
        sa.CheckConstraint("(organisation_id IS NULL) <> (person_id IS NULL)", name=op.f("ck_access_token_one_holder")),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_access_token_life")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_access_token_organisation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_access_token_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_access_token_digest")),
    )
    names = ", ".join(OLD)
    op.execute(f"INSERT INTO access_token ({names}) SELECT {names} FROM access_token_before")
    op.drop_table("access_token_before")
    op.create_index("ix_access_token_holder", "access_token", ["organisation_id", "person_id"])
    op.create_index(op.f("ix_access_token_person_id"), "access_token", ["person_id"])


def _make_events() -> None:
    op.create_table(
        "access_event",
        _number(),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("about", sa.String(length=80), nullable=False),
        sa.Column("holder", sa.String(length=80), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("detail", sa.String(length=400), nullable=False),
        _moment("happened_at"),
        sa.CheckConstraint("kind <> '' AND about <> '' AND actor <> ''", name=op.f("ck_access_event_words")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_event")),
    )
    op.create_index("ix_access_event_about", "access_event", ["about", "id"])
    op.create_index("ix_access_event_holder", "access_event", ["holder", "id"])


def _make_keys() -> None:
    op.create_table(
        "access_key",
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.String(length=8), nullable=False),
        _moment("made_at"),
        *(_moment(name, nullable=True) for name in ("signs_from", "retired_at", "good_until")),
        sa.CheckConstraint("status IN ('next','current','retired')", name=op.f("ck_access_key_status")),
        sa.CheckConstraint(
            "(status = 'retired') = (private_key IS NULL)", name=op.f("ck_access_key_retired_cannot_sign")
        ),
        sa.CheckConstraint("(status = 'retired') = (retired_at IS NOT NULL)", name=op.f("ck_access_key_retired_at")),
        sa.CheckConstraint("(status = 'retired') = (good_until IS NOT NULL)", name=op.f("ck_access_key_good_until")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_access_key")),
    )
    for state in ("next", "current"):
        where = sa.text(f"status = '{state}'")
        op.create_index(
            f"uq_access_key_{state}", "access_key", ["status"], unique=True, sqlite_where=where, postgresql_where=where
        )


def _make_clients() -> None:
    op.create_table(
        "api_client",
        _number(),
        sa.Column("client_id", sa.String(length=40), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("scopes", sa.String(length=2000), nullable=False),
        _moment("made_at"),
        _moment("revoked_at", nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_api_client_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_client")),
        sa.UniqueConstraint("client_id", name=op.f("uq_api_client_client_id")),
    )
    op.create_index(op.f("ix_api_client_organisation_id"), "api_client", ["organisation_id"])
    op.create_table(
        "client_credential",
        _number(),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("shown", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("public_key", sa.Text(), nullable=True),
        _moment("made_at"),
        _moment("expires_at"),
        _moment("revoked_at", nullable=True),
        _moment("last_used_at", nullable=True),
        sa.CheckConstraint("way IN ('secret','key')", name=op.f("ck_client_credential_way")),
        sa.CheckConstraint("(way = 'secret') = (digest IS NOT NULL)", name=op.f("ck_client_credential_secret")),
        sa.CheckConstraint("(way = 'key') = (public_key IS NOT NULL)", name=op.f("ck_client_credential_key")),
        sa.CheckConstraint("expires_at > made_at", name=op.f("ck_client_credential_life")),
        sa.ForeignKeyConstraint(["client_id"], ["api_client.id"], name=op.f("fk_client_credential_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_credential")),
    )
    op.create_index("uq_client_credential_shown", "client_credential", ["client_id", "shown"], unique=True)
    op.create_index("uq_client_credential_digest", "client_credential", ["digest"], unique=True)
    op.create_table(
        "assertion_seen",
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("jti_digest", sa.LargeBinary(), nullable=False),
        _moment("expires_at"),
        sa.ForeignKeyConstraint(["client_id"], ["api_client.id"], name=op.f("fk_assertion_seen_client_id")),
        sa.PrimaryKeyConstraint("client_id", "jti_digest", name=op.f("pk_assertion_seen")),
    )
    op.create_index("ix_assertion_seen_expires_at", "assertion_seen", ["expires_at"])


def _make_people() -> None:
    op.create_table(
        "linked_subject",
        _number(),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject_digest", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("linked_by", sa.String(length=80), nullable=False),
        _moment("linked_at"),
        sa.Column("withdrawn_by", sa.String(length=80), nullable=False),
        _moment("withdrawn_at", nullable=True),
        sa.CheckConstraint("(withdrawn_by = '') = (withdrawn_at IS NULL)", name=op.f("ck_linked_subject_withdrawn")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_linked_subject_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_linked_subject")),
    )
    op.create_index(op.f("ix_linked_subject_person_id"), "linked_subject", ["person_id"])
    op.create_index(
        "uq_linked_subject_stands",
        "linked_subject",
        ["subject_digest"],
        unique=True,
        sqlite_where=sa.text(STANDS),
        postgresql_where=sa.text(STANDS),
    )
    op.create_table(
        "one_time_code",
        _number(),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        _moment("made_at"),
        _moment("expires_at"),
        sa.Column("tries", sa.BigInteger(), server_default="0", nullable=False),
        _moment("ended_at", nullable=True),
        sa.CheckConstraint("expires_at > made_at", name=op.f("ck_one_time_code_life")),
        sa.CheckConstraint("tries BETWEEN 0 AND 5", name=op.f("ck_one_time_code_tries")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_one_time_code_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_code")),
    )
    op.create_index("ix_one_time_code_person", "one_time_code", ["person_id", "made_at"])


def _guard_sqlite() -> None:
    for action in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER access_event_no_{action} BEFORE {action.upper()} ON access_event "
            f"BEGIN SELECT RAISE(ABORT, 'access_event {WORDS}'); END"
        )
    changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in STAYS)
    op.execute(
        f"CREATE TRIGGER access_key_stays BEFORE UPDATE ON access_key WHEN OLD.status = 'retired' OR {changed} "
        f"BEGIN SELECT RAISE(ABORT, '{NO_OTHER_KEY}'); END"
    )
    op.execute(
        "CREATE TRIGGER access_key_no_delete BEFORE DELETE ON access_key "
        f"BEGIN SELECT RAISE(ABORT, '{NO_OTHER_KEY}'); END"
    )


def _guard_postgresql() -> None:
    words = f"RAISE EXCEPTION '% {WORDS}', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';"
    _function("refuse_other_past", words)
    for action, each in ACTIONS:
        name = f"access_event_no_{action}"
        _trigger("access_event", name, action, f"FOR EACH {each}", "refuse_other_past")
    _function("refuse_other_access_key", f"RAISE EXCEPTION '{NO_OTHER_KEY}' USING ERRCODE = 'restrict_violation';")
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in STAYS)
    when = f"FOR EACH ROW WHEN (OLD.status = 'retired' OR {changed})"
    _trigger("access_key", "access_key_stays", "update", when, "refuse_other_access_key")
    for action, each in ACTIONS[1:]:
        name = f"access_key_no_{action}"
        _trigger("access_key", name, action, f"FOR EACH {each}", "refuse_other_access_key")


def _function(name: str, body: str) -> None:
    op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$")


def _trigger(table: str, name: str, action: str, each: str, function: str) -> None:
    """Make a trigger that fires for replication and restores too."""
    op.execute(f"CREATE TRIGGER {name} BEFORE {action.upper()} ON {table} {each} EXECUTE FUNCTION {function}()")
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def downgrade() -> None:
    """Take the tables away; tokens whose scopes have no room any more end with them."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for table in (*TABLES, "access_event"):
        op.drop_table(table)
    op.drop_index("uq_access_token_key", "access_token")
    op.execute("DELETE FROM access_token WHERE length(scopes) > 400")
    if not is_postgresql:
        _rebuild_tokens(400, [])
        return
    for name in NEW:
        op.drop_column("access_token", name)
    op.execute("ALTER TABLE access_token ALTER COLUMN scopes TYPE VARCHAR(400)")
    for function in ("refuse_other_past", "refuse_other_access_key"):
        op.execute(f"DROP FUNCTION {function}()")
