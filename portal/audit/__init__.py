"""The audit log, who looked at an organization's data, and who may do and see what."""
