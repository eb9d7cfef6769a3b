"""Plan + obligations -> Statement in a dialect.

Promises: the same plan under the same obligations gives the same bytes; values are bound, never spliced; row filters
sit inside every source. Decides nothing: what is to be computed is the plan's matter, what may be seen is policy's.
"""
