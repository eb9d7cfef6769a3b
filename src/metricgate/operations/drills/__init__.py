"""Drills: incidents played against a real gateway on a scratch project, with what held and what did not."""
