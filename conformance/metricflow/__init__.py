"""MetricFlow's integration questions, from a folder of that form: fixtures, manifests, cases with their rows.

``python -m conformance.metricflow --cases FOLDER`` loads the fixtures into DuckDB, imports each manifest with
``metricgate.importing``, asks each question through ``Gateway.call`` and compares columns and rows. No case is known
by name here.
"""
