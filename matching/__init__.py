"""The engine: numbers in, plan out. Knows no database, no web and no bank."""
