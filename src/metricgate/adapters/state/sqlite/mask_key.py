"""The key of hashed masks: made on first use, readable by its owner only, the same for good.

With another key the same value has another digest; what was joined or counted by it does not fit any more.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from metricgate.adapters.files.whole_files import write_new

_BYTES = 32


def load_mask_key(path: Path) -> str:
    """Return the key, making its file if there is none.

    Raises:
        ValueError: the file does not hold one.
        OSError: it cannot be read or made.
    """
    if not path.exists():
        write_new(path, f"{secrets.token_hex(_BYTES)}\n".encode(), 0o600)
    key = path.read_text(encoding="ascii").strip()
    if len(key) != 2 * _BYTES or not all(each in "0123456789abcdef" for each in key):
        raise ValueError(f"{path} is not the key of masks")
    return key
