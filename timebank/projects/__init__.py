"""Charity projects, their resources and slots, bookings."""
