"""A gateway that runs elsewhere, or beside this process: where it is, and how it is called over HTTP."""
