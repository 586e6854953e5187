"""Levels by hours, and certificates that a third party can check without us."""
