"""Screens of the feed, of a partner's reports and of the desk."""

from portal.feed.views import desk, feed, posting, posts, reports
from portal.feed.views.common import bp

__all__ = ["bp", "desk", "feed", "posting", "posts", "reports"]
