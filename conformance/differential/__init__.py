"""Random SQL run twice, raw on the engine and through the gate: the same names, types and rows, or a refusal by name.

``forms`` is what is drawn, as data, one file a subject; ``drawing``, ``names``, ``joins``, ``grouping``, ``subqueries``
and ``queries`` put forms together; ``places`` makes the tables on an engine, ``gate`` asks a real gateway,
``comparing`` compares and ``running`` counts. ``python -m conformance.differential --help`` runs it.
"""
