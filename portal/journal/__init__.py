"""The spine: the only way to write, and the numbered, chained record of what was written."""
