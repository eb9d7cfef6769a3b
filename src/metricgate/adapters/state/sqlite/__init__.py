"""The embedded state: a folder of SQLite files, keys and a file of switches, for one gateway at a time."""
