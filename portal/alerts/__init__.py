"""Alerts of the National Weather Service, brought in as they are issued."""
