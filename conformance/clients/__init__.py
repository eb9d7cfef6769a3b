"""Real clients of the MCP door, each in an environment of its own, through one script of scenarios."""
