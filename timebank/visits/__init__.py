"""The life of a visit, its evidence, confirmation and dispute, and the credit it earns."""
