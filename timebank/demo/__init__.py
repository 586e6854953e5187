"""A synthetic district from the published figures."""
