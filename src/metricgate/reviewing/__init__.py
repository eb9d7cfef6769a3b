"""What a change of definitions means, and what in them looks wrong though it loads.

Promises: a change is breaking exactly where a question that could be asked before is refused now or means another
number; every finding has its place. Pure: takes catalogs, reads no files and asks no warehouse.
"""
