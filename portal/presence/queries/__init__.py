"""Reading presence: the roster, who can decide where, activity logs."""
