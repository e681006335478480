"""Situation posts: what partners report, what moderators let out, what everybody reads."""
