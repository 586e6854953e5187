"""Accounts, transfers, holds, statements, reconciliation."""
