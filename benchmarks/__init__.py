"""What `make bench` runs; the figures are printed, never committed as truth."""
