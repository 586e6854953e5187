"""One-touch calls and water meters: one life of an order for both, from what is heard until it is closed."""
