"""Service catalogue, needs, frequencies."""
