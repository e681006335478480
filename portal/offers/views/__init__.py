"""Screens of offers: the owner's, the ERAC desk's, the record's."""

from portal.offers.views import desk, files, offering, offers
from portal.offers.views.common import bp

__all__ = ["bp", "desk", "files", "offering", "offers"]
