"""The door for people: who they are, and what every way of asking (console, API) has in common."""
