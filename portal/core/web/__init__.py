"""What every screen shares: requests, forms, times, answers. No domain word in it."""
