"""The console: pages where people decide, read the record and stop agents. Server-rendered, strict about scripts."""
