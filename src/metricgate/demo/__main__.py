"""``python -m metricgate.demo [DIRECTORY]`` makes the demo's database."""

from __future__ import annotations

import os
import sys

from metricgate.demo.database import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
