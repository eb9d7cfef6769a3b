"""The guard with one layer switched off at a time, on real engines: do the others keep the sentinel in?"""
