"""The door: GraphQL for partner organisations. No rule lives here."""
