"""Forms of accounts: shape only."""
