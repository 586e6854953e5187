"""Database, errors, minutes, clock, settings, places, encryption of personal data, texts."""
