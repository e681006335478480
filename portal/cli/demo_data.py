"""What tests, measurements and pictures need to know of the demo's people."""

from portal.cli.demo.people import LIAISON, PASSWORD, PEOPLE

__all__ = ["LIAISON", "PASSWORD", "PEOPLE"]
