"""The words that every room shares.

Promises: frozen, slotted values without behaviour beyond their own consistency. Knows no other room, no library outside
the standard one (and ``rapidfuzz`` for nearest names, ``orjson`` for canonical JSON), no clock and no I/O.
"""
