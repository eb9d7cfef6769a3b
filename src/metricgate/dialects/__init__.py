"""One value per engine: how its SQL is written, and what an expression of the catalog is in its words.

Promises: pure trees, no plan and no policy. Where a dialect cannot say something it says so (``UnsupportedError``).
"""
