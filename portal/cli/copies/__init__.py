"""Copies of the whole portal: taken while it runs, proved by the chain, put back."""
