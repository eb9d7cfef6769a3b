"""Exports to Ossie, checked by a peer's validator: azem (PyPI), which carries the schema of the specification."""
