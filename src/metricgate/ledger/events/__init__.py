"""What the record may say: one frozen class for each event, and the name of every attribute.

``names`` has the names alone, for readers that look at one attribute; ``attribute`` has what the classes are made of.
The events stand in files by what they are about; ``registry`` lists them all, and the tables of ``docs/record.md`` are
made from it.
"""
