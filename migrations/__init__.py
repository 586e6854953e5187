"""Alembic migrations for SQLite and PostgreSQL; triggers are spelled out here."""
