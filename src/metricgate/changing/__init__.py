"""The arithmetic of changes: tables' shapes, what a change does row by row, what takes it back, what a person is shown.

Promises: values stay in their engine's own lossless text; a digest covers every row; what takes a change back restores
what the change set and nothing else. Decides nothing and runs nothing.
"""
