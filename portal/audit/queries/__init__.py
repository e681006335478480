"""Reading the record: the audit log, looks at one organization, machines and rooms."""
