"""The order of events: parse, resolve, decide, record, run, record, explain.

Promises: nothing runs without an allowing verdict and a durable record; every door gets the same answer. Knows no
protocol and no concrete device: those come in through ``ports``.
"""
