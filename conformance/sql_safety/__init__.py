"""Corpora of SQL that others wrote, put to the guard: what is no read must be refused, ordinary analytics accepted.

``corpora`` asks the guard alone; ``probes`` is the place for runs against live engines with sentinel values.
No text is known by its name.
"""
