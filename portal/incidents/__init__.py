"""Incidents, activation levels and operational periods; incident 0 is day-to-day operations."""
