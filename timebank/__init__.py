"""The bank: mutual-aid time credits, charity projects, and the people they join."""
