"""Notices: what people are told outside the portal. E-mail is the first of them."""
