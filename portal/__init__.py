"""The partner portal of Missouri's Business Emergency Operations Center (BEOC)."""
