"""People, memberships, sign-in and sessions; builds the Actor."""
