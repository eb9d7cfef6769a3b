"""``metricgate.yaml``: its sections, each described where its room is, and the plugins that it names."""
