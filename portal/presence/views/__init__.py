"""Screens of presence: one's own check-in, the roster, the papers."""
