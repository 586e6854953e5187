"""Rows to Problem, Plan to rows; match runs."""
