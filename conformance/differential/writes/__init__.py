"""Random changes: each run directly in a transaction that is rolled back, and proposed, carried out and taken back.

Equal contents of every table and equal counts, or a refusal that names the construct; afterwards every table is as
before.
"""
