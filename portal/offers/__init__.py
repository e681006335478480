"""Capacity that partners offer to the ERAC cell."""
