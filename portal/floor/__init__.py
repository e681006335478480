"""The floor: the one page of an incident from which each kind of person starts."""
