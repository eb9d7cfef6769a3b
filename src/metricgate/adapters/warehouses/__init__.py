"""Warehouses: engines behind ``gateway.ports.Warehouse``. The only room besides stores that knows database drivers.

Promises: nothing but a ``ReleasedStatement`` runs, exactly one at a time, reading only, inside its limits, and off the
event loop. Every engine has a package, is entered in the entry point group ``metricgate.warehouses`` and passes
``tests/contracts/test_warehouse.py``.
"""
