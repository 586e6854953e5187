"""What leaves the house in formats of others: service directories, calendars, tables for spreadsheets."""
