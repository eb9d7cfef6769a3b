"""Every type of an engine through every door of a running gateway: the value that was stored, or a refusal by name."""
