"""Measured figures, each beside its baseline and its target."""
