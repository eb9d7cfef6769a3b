"""Other people's models -> our documents, with a report of everything that did not come along unchanged.

Promises: text in, plain data out; no files, no network, no template engine. What is read is taken key by key, so that a
key that nobody took is told as dropped: nothing is lost in silence. The result has the form of
``docs/writing-metrics.md`` and goes through ``catalog.loading.load`` as anything that people write.
"""
