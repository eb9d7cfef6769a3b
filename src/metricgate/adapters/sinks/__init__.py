"""Where notices go: signed webhooks, and the courier that takes them there."""
