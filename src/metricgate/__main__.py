"""``metricgate`` and ``python -m metricgate``."""

from metricgate.bootstrap.main import main

if __name__ == "__main__":
    main()
