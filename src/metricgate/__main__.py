"""``metricgate`` and ``python -m metricgate``."""

import gc


def main() -> None:
    """Run the program."""
    # What is imported stays: looking through it again and again would be a fifth of the start.
    gc.disable()
    from metricgate.bootstrap.main import run  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    run()


if __name__ == "__main__":
    main()
