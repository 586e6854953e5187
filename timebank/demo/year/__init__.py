"""A year of the district at published volumes, chapter by chapter: each system plays its own days."""
