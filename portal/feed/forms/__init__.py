"""Forms of the feed: shape only. Those that move a post say which operation they make."""
