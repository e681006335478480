"""Migrations of the database's schema."""

from importlib import import_module

PACKAGES = (
    "journal",
    "organizations",
    "accounts",
    "incidents",
    "feed",
    "offers",
    "presence",
    "notify",
)


def load_models() -> None:
    """Import every package's rows, so that the metadata knows all tables."""
    for package in PACKAGES:
        import_module(f"portal.{package}.models")
