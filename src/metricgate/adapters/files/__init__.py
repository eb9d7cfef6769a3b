"""Files and folders that are one account's alone, and complete or not there."""
