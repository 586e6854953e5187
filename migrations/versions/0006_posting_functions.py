"""PostgreSQL posts with one call: a function for a single posting, one for a whole batch.

Both give exactly the rows, refusals and replays of the statements they stand for. What refuses is told as an outcome
and never raised, so the transaction of the caller stays good. SQLite has no functions of its own: nothing changes.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SINGLE = """
CREATE FUNCTION ledger_post(
    p_book bigint, p_key text, p_request bytea, p_kind text, p_reason text, p_debit bigint, p_credit bigint,
    p_amount bigint, p_hold bigint, p_reverses bigint, p_expires timestamptz, p_effective timestamptz,
    p_now timestamptz, p_decision json, p_leaf bytea,
    OUT outcome text, OUT transfer bigint, OUT touched bigint, OUT bound bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_standing bytea;
    v_freed bigint := CASE WHEN p_kind = 'capture' THEN p_amount ELSE 0 END;
    v_low bigint := least(p_debit, p_credit);
    v_high bigint := greatest(p_debit, p_credit);
    v_change bigint := CASE WHEN p_debit < p_credit THEN -p_amount ELSE p_amount END;
    v_first record;
    v_second record;
    v_name text;
BEGIN
    INSERT INTO transfer (book_id, idem_key, request_hash, kind, reason, debit_id, credit_id, amount_min, hold_id,
        reverses_id, expires_at, effective_at, created_at, decision, leaf)
    VALUES (p_book, p_key, p_request, p_kind, p_reason, p_debit, p_credit, p_amount, p_hold,
        p_reverses, p_expires, p_effective, p_now, p_decision, p_leaf)
    ON CONFLICT (book_id, idem_key) DO NOTHING RETURNING id INTO transfer;
    IF transfer IS NULL THEN
        SELECT id, request_hash INTO transfer, v_standing FROM transfer WHERE book_id = p_book AND idem_key = p_key;
        outcome := CASE WHEN transfer IS NULL THEN 'gone' WHEN v_standing = p_request THEN 'replayed'
                   ELSE 'conflict' END;
        RETURN;
    END IF;
    IF p_kind IN ('post', 'capture', 'reverse') THEN
        touched := v_low;
        UPDATE account SET credits = credits + greatest(v_change, 0), debits = debits - least(v_change, 0),
            held = held - CASE WHEN id = p_debit THEN v_freed ELSE 0 END, version = version + 1,
            moved_at = greatest(moved_at, p_now)
        WHERE id = v_low AND book_id = p_book AND status = 'open'
        RETURNING credits, debits, version, moved_at INTO v_first;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'closed' USING ERRCODE = 'TB001';
        END IF;
        touched := v_high;
        UPDATE account SET credits = credits + greatest(-v_change, 0), debits = debits - least(-v_change, 0),
            held = held - CASE WHEN id = p_debit THEN v_freed ELSE 0 END, version = version + 1,
            moved_at = greatest(moved_at, p_now)
        WHERE id = v_high AND book_id = p_book AND status = 'open'
        RETURNING credits, debits, version, moved_at INTO v_second;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'closed' USING ERRCODE = 'TB001';
        END IF;
        INSERT INTO entry
            (account_id, seq, transfer_id, amount_min, balance_after_min, credits_after_min, created_at)
        VALUES (v_low, v_first.version, transfer, v_change, v_first.credits - v_first.debits, v_first.credits,
                v_first.moved_at),
               (v_high, v_second.version, transfer, -v_change, v_second.credits - v_second.debits, v_second.credits,
                v_second.moved_at);
    ELSE
        touched := p_debit;
        IF p_kind = 'hold' AND p_expires <= p_now THEN
            RAISE EXCEPTION 'past' USING ERRCODE = 'TB002';
        END IF;
        UPDATE account SET held = held + CASE WHEN p_kind = 'hold' THEN p_amount ELSE -p_amount END
        WHERE id = p_debit AND book_id = p_book AND (status = 'open' OR p_kind <> 'hold');
        IF NOT FOUND THEN
            RAISE EXCEPTION 'closed' USING ERRCODE = 'TB001';
        END IF;
    END IF;
    IF p_kind = 'hold' THEN
        INSERT INTO hold_open (hold_id, expires_at) VALUES (transfer, p_expires);
    ELSIF p_hold IS NOT NULL THEN
        DELETE FROM hold_open WHERE hold_id = p_hold;
    END IF;
    outcome := 'posted';
EXCEPTION
    WHEN SQLSTATE 'TB001' THEN
        outcome := 'closed';
    WHEN SQLSTATE 'TB002' THEN
        outcome := 'past';
    WHEN check_violation OR unique_violation OR foreign_key_violation THEN
        GET STACKED DIAGNOSTICS v_name = CONSTRAINT_NAME;
        IF v_name = 'ck_account_floor' THEN
            outcome := 'low';
            SELECT credits - debits - held - coalesce(floor_min, 0) INTO bound FROM account WHERE id = touched;
        ELSIF v_name = 'ck_account_ceiling' THEN
            outcome := 'high';
            SELECT coalesce(ceiling_min, 0) INTO bound FROM account WHERE id = touched;
        ELSIF v_name = 'uq_transfer_hold' AND p_hold IS NOT NULL THEN
            outcome := 'resolved';
        ELSIF v_name = 'uq_transfer_reverses' AND p_reverses IS NOT NULL THEN
            outcome := 'reversed';
        ELSIF v_name IN ('fk_transfer_debit_id_book_id', 'fk_transfer_credit_id_book_id') THEN
            SELECT side INTO touched FROM unnest(ARRAY[p_debit, p_credit]) WITH ORDINALITY AS s(side, n)
            WHERE NOT EXISTS (SELECT FROM account a WHERE a.id = s.side AND a.book_id = p_book) ORDER BY n LIMIT 1;
            IF touched IS NULL THEN
                RAISE;
            END IF;
            outcome := 'closed';
        ELSE
            RAISE;
        END IF;
END $$
"""

BATCH = """
CREATE FUNCTION ledger_post_batch(
    p_book bigint, p_now timestamptz, p_asked jsonb,
    OUT outcome text, OUT fresh bigint, OUT transfers bigint[], OUT key text, OUT touched bigint, OUT bound bigint,
    OUT amount bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_keys text[] := ARRAY(SELECT jsonb_array_elements_text(p_asked -> 'keys'));
    v_requests bytea[] := ARRAY(SELECT decode(jsonb_array_elements_text(p_asked -> 'requests'), 'hex'));
    v_debits bigint[] := ARRAY(SELECT jsonb_array_elements(p_asked -> 'debits')::bigint);
    v_credits bigint[] := ARRAY(SELECT jsonb_array_elements(p_asked -> 'credits')::bigint);
    v_amounts int[] := ARRAY(SELECT jsonb_array_elements(p_asked -> 'amounts')::int);
    v_decisions json[] := ARRAY(SELECT jsonb_array_elements_text(p_asked -> 'decisions')::json);
    v_ids bigint[];
    v_froms bigint[];
    v_tos bigint[];
    v_moved int[];
    v_wanted bigint[] := ARRAY(SELECT DISTINCT side FROM unnest(v_debits || v_credits) side ORDER BY side);
    v_locked bigint[];
    v_done record;
    v_name text;
BEGIN
    WITH written AS (
        INSERT INTO transfer (book_id, idem_key, request_hash, kind, reason, debit_id, credit_id, amount_min,
            effective_at, created_at, decision, leaf)
        SELECT p_book, a.key, a.request, 'post', a.reason, a.debit, a.credit, a.amount, a.effective::timestamptz,
            p_now, v_decisions[a.decision::int + 1], decode(a.leaf, 'hex')
        FROM ROWS FROM (
            unnest(v_keys), unnest(v_requests), unnest(v_debits), unnest(v_credits), unnest(v_amounts),
            jsonb_array_elements_text(p_asked -> 'reasons'), jsonb_array_elements_text(p_asked -> 'moments'),
            jsonb_array_elements_text(p_asked -> 'of'), jsonb_array_elements_text(p_asked -> 'leaves')
        ) WITH ORDINALITY AS a(key, request, debit, credit, amount, reason, effective, decision, leaf, n)
        ORDER BY a.n
        ON CONFLICT (book_id, idem_key) DO NOTHING
        RETURNING id, idem_key, debit_id, credit_id, amount_min)
    SELECT array_agg(id ORDER BY id), array_agg(debit_id ORDER BY id), array_agg(credit_id ORDER BY id),
        array_agg(amount_min::int ORDER BY id), count(*)
    INTO v_ids, v_froms, v_tos, v_moved, fresh FROM written;

    IF fresh = cardinality(v_keys) THEN
        transfers := v_ids;
    ELSE
        SELECT array_agg(t.id ORDER BY a.n),
            (array_agg(a.key ORDER BY a.n) FILTER (WHERE t.request_hash <> a.request))[1]
        INTO transfers, key
        FROM unnest(v_keys, v_requests) WITH ORDINALITY AS a(key, request, n)
        LEFT JOIN transfer t ON t.book_id = p_book AND t.idem_key = a.key;
        IF key IS NOT NULL THEN
            RAISE EXCEPTION 'conflict' USING ERRCODE = 'TB003';
        END IF;
        IF array_position(transfers, NULL) IS NOT NULL THEN
            RAISE EXCEPTION 'A transfer that has one of these keys has gone meanwhile; nothing is posted.';
        END IF;
        v_wanted := ARRAY(SELECT DISTINCT side FROM unnest(v_froms || v_tos) side ORDER BY side);
    END IF;
    IF fresh = 0 THEN
        outcome := 'posted';
        RETURN;
    END IF;

    v_locked := ARRAY(SELECT a.id FROM account a WHERE a.id = ANY (v_wanted) AND a.book_id = p_book
                      AND a.status = 'open' ORDER BY a.id FOR NO KEY UPDATE);
    IF v_locked <> v_wanted THEN
        SELECT w INTO touched FROM unnest(v_wanted) w WHERE w <> ALL (v_locked) ORDER BY w LIMIT 1;
        RAISE EXCEPTION 'closed' USING ERRCODE = 'TB001';
    END IF;

    WITH moves AS (
        SELECT f.id, s.account, s.change FROM unnest(v_ids, v_froms, v_tos, v_moved) AS f(id, giver, taker, amount)
        CROSS JOIN LATERAL (VALUES (f.giver, -f.amount), (f.taker, f.amount)) AS s(account, change)),
    running AS MATERIALIZED (
        SELECT m.id, m.account, m.change, a.version + row_number() OVER w AS seq,
            a.credits - a.debits + sum(m.change) OVER w AS balance,
            a.credits + sum(greatest(m.change, 0)) OVER w AS credits, greatest(a.moved_at, p_now) AS moment,
            a.held, a.floor_min, a.ceiling_min
        FROM moves m JOIN account a ON a.id = m.account
        WINDOW w AS (PARTITION BY m.account ORDER BY m.id)),
    broken AS MATERIALIZED (
        SELECT account, change, balance - held - floor_min - change AS available, ceiling_min FROM running
        WHERE (change < 0 AND balance - held < floor_min) OR (change > 0 AND balance > ceiling_min)
        ORDER BY id, account LIMIT 1),
    lines AS (
        INSERT INTO entry
            (account_id, seq, transfer_id, amount_min, balance_after_min, credits_after_min, created_at)
        SELECT account, seq, id, change, balance, credits, moment FROM running
        WHERE NOT EXISTS (SELECT FROM broken) RETURNING 1),
    changed AS (
        UPDATE account a SET credits = f.credits, debits = f.credits - f.balance, version = f.seq, moved_at = f.moment
        FROM (SELECT DISTINCT ON (account) account, credits, balance, seq, moment FROM running
              ORDER BY account, id DESC) f
        WHERE a.id = f.account AND NOT EXISTS (SELECT FROM broken) RETURNING 1)
    SELECT (SELECT count(*) FROM lines) AS lines, (SELECT count(*) FROM changed) AS accounts,
        b.account, b.change, b.available, b.ceiling_min
    INTO v_done FROM (VALUES (1)) AS one(row) LEFT JOIN broken b ON true;
    IF v_done.account IS NOT NULL THEN
        touched := v_done.account;
        amount := abs(v_done.change);
        bound := CASE WHEN v_done.change < 0 THEN v_done.available ELSE v_done.ceiling_min END;
        v_name := CASE WHEN v_done.change < 0 THEN 'low' ELSE 'high' END;
        RAISE EXCEPTION 'bound' USING ERRCODE = 'TB004';
    END IF;
    IF v_done.lines <> 2 * fresh OR v_done.accounts <> cardinality(v_wanted) THEN
        RAISE EXCEPTION '% transfers of % accounts gave % entries and changed % accounts; nothing is posted.',
            fresh, cardinality(v_wanted), v_done.lines, v_done.accounts;
    END IF;
    outcome := 'posted';
EXCEPTION
    WHEN SQLSTATE 'TB001' THEN
        outcome := 'closed';
    WHEN SQLSTATE 'TB003' THEN
        outcome := 'conflict';
    WHEN SQLSTATE 'TB004' THEN
        outcome := v_name;
    WHEN foreign_key_violation THEN
        GET STACKED DIAGNOSTICS v_name = CONSTRAINT_NAME;
        IF v_name NOT IN ('fk_transfer_debit_id_book_id', 'fk_transfer_credit_id_book_id') THEN
            RAISE;
        END IF;
        SELECT a.key INTO key FROM unnest(v_keys, v_requests) WITH ORDINALITY AS a(key, request, n)
        JOIN transfer t ON t.book_id = p_book AND t.idem_key = a.key WHERE t.request_hash <> a.request
        ORDER BY a.n LIMIT 1;
        SELECT s.side INTO touched FROM unnest(v_debits, v_credits) WITH ORDINALITY AS a(debit, credit, n)
        CROSS JOIN LATERAL (VALUES (1, a.debit), (2, a.credit)) AS s(turn, side)
        WHERE NOT EXISTS (SELECT FROM account o WHERE o.id = s.side AND o.book_id = p_book)
        ORDER BY a.n, s.turn LIMIT 1;
        IF key IS NULL AND touched IS NULL THEN
            RAISE;
        END IF;
        outcome := CASE WHEN key IS NOT NULL THEN 'conflict' ELSE 'closed' END;
END $$
"""


def upgrade() -> None:
    """Make the functions."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(SINGLE)
        op.execute(BATCH)


def downgrade() -> None:
    """Take them away."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION ledger_post_batch(bigint, timestamptz, jsonb)")
        op.execute(
            "DROP FUNCTION ledger_post(bigint, text, bytea, text, text, bigint, bigint, bigint, bigint, bigint, "
            "timestamptz, timestamptz, timestamptz, json, bytea)"
        )
