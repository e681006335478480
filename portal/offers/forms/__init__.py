"""Forms of offers: shape only."""
