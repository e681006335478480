"""Migrations of the database's schema."""

from importlib import import_module

PACKAGES = (
    "journal",
    "organizations",
    "accounts",
    "incidents",
    "feed",
    "alerts",
    "offers",
    "presence",
    "notify",
)


def load_models() -> None:
    """Import every package's rows, so that the metadata knows all tables."""
    for package in PACKAGES:
        import_module(f"portal.{package}.models")


def is_ours(name: str | None, _kind: str, _parents: object) -> bool:
    """Return whether the metadata is to know it: what finds words stands beside it."""
    return not (name or "").startswith(("post_search", "ix_post_said_words", "said_words"))
