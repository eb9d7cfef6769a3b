"""Settings, plugin discovery, wiring: the only room that knows concrete classes."""
