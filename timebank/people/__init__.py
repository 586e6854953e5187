"""Areas, organisations, persons, seniors, volunteers, care team, access tokens."""
