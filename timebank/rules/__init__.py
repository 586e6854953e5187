"""Dated rule packs and decisions with reasons."""
