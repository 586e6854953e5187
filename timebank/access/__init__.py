"""Access: who comes in, and by what. Clients of organisations, signing keys, providers of persons, one-time codes."""
