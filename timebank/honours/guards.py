"""The triggers that guard certificates and signing keys (:mod:`timebank.core.guards`)."""

from timebank.core.guards import (
    BEFORE,
    DELETE,
    INSERT,
    ROW,
    TRUNCATE,
    UPDATE,
    abort_sqlite,
    list_append_only,
    list_guards,
)

APPEND_ONLY = ("certificate", "certificate_record", "certificate_revocation")
"""Tables whose rows are never changed or deleted."""
WORDS = "is append-only: revoke the certificate instead"
NEXT = (
    "SELECT 1 + COALESCE(MAX(c.serial), 0) FROM certificate c "
    "WHERE c.organisation_id = NEW.organisation_id AND c.year = NEW.year"
)
NO_GAP = "a certificate has the number after the last one of its issuer and year"
STAYS = ("key_id", "public_key", "made_at")
"""What of a signing key never changes."""
NO_OTHER_KEY = "a signing key stays as it is published, and retires once"


def _of_sqlite() -> dict[str, str]:
    changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in STAYS)
    refuse = f"BEGIN {abort_sqlite(NO_OTHER_KEY)}; END"
    return {
        "certificate_follows": (
            f"BEFORE INSERT ON certificate WHEN NEW.serial <> ({NEXT}) BEGIN {abort_sqlite(NO_GAP)}; END"
        ),
        "signing_key_stays": f"BEFORE UPDATE ON signing_key WHEN OLD.status = 'retired' OR {changed} {refuse}",
        "signing_key_no_delete": f"BEFORE DELETE ON signing_key {refuse}",
    }


def _of_postgresql() -> dict[str, str]:
    gap = (
        f" BEGIN IF NEW.serial <> ({NEXT}) THEN RAISE EXCEPTION '{NO_GAP}' USING ERRCODE = 'check_violation'; END IF; "
        "RETURN NEW; END"
    )
    other = f" BEGIN RAISE EXCEPTION '{NO_OTHER_KEY}' USING ERRCODE = 'restrict_violation'; END "
    return {
        "certificate_follows": f"certificate {ROW | BEFORE | INSERT} 0 false{gap} ",
        "signing_key_stays": f"signing_key {ROW | BEFORE | UPDATE} 0 true{other}",
        "signing_key_no_delete": f"signing_key {ROW | BEFORE | DELETE} 0 false{other}",
        "signing_key_no_truncate": f"signing_key {BEFORE | TRUNCATE} 0 false{other}",
    }


list_append_only(APPEND_ONLY, WORDS)
list_guards(sqlite=_of_sqlite(), postgresql=_of_postgresql())
