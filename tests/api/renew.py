"""What stands written of the schema; ``python -m tests.api.renew`` writes it anew."""

from pathlib import Path

from api.schema import print_schema

ROOT = Path(__file__).parents[2]
SCHEMA_FILE = ROOT / "schema.graphql"
HOW = "Renew it with `.venv/bin/python -m tests.api.renew`, and read the difference as a partner organisation would."

if __name__ == "__main__":
    SCHEMA_FILE.write_text(print_schema(), encoding="utf-8")
