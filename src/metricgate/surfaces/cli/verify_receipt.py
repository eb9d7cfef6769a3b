"""Check a Metricgate receipt without Metricgate.

Run it as `python verify_receipt.py RECEIPT LOG.vkey`. It needs Python and the package "cryptography", nothing else, and
is meant to be read before it is believed. RECEIPT is the JSON that `metricgate receipt N --json` prints, or the
console's download. LOG.vkey is one line: name+id+base64 key.

Leaves 0 where the receipt is whole, 3 where it is not, 2 where it was not started right.
"""

import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SAID = """Not checked: that the key is the log's; that others are shown the same log; that what the entry says is true
and its time right; what stands apart from the entry; what happened before or after it."""


class NotWholeError(Exception):
    """The receipt does not prove what it says."""


def sure(right: object, fault: str) -> None:
    """Go on only where something is right.

    Raises:
        NotWholeError: it is not; the message says what.
    """
    if not right:
        raise NotWholeError(fault)


def decode_base64(text: str) -> bytes:
    """Base64, in the one way in which it may be written."""
    data = base64.b64decode(text, validate=True)
    sure(base64.b64encode(data).decode() == text, "base64 that is written in another way")
    return data


def sha256(data: bytes) -> bytes:
    """Return the hash that everything here is made with."""
    return hashlib.sha256(data).digest()


def key_of(text: str) -> tuple[str, bytes, bytes]:
    """Read a verifier key (C2SP signed-note): its name, its id, the Ed25519 key."""
    name, hex_id, encoded = text.strip().split("+", 2)
    data = decode_base64(encoded)
    sure(len(data) == 33 and data[0] == 1, "the key is no Ed25519 key")  # noqa: PLR2004 - 1 + 32 bytes
    key_id = sha256(name.encode() + b"\n" + data)[:4]
    sure(key_id.hex() == hex_id, "the key's id does not fit: it was cut or edited")
    return name, key_id, data[1:]


def checkpoint_of(note: str, name: str, key_id: bytes, public: bytes) -> tuple[int, bytes]:
    """Open a checkpoint (C2SP tlog-checkpoint): three lines, an empty line, signatures. Return size and root hash."""
    text, gap, lines = note.rpartition("\n\n")
    sure(gap and lines.endswith("\n"), "the checkpoint is no signed note")
    signatures = []
    for line in lines[:-1].split("\n"):
        dash, signer, encoded = line.split(" ")
        sure(dash == "\N{EM DASH}", "a signature line does not begin with a dash")
        data = decode_base64(encoded)
        if signer == name and data[:4] == key_id:
            signatures.append(data[4:])
    sure(signatures, f"nobody signed it as {name}")
    for signature in signatures:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, (text + "\n").encode())
    origin, size, root = text.split("\n")[:3]
    sure(origin == name, "the checkpoint is another log's")
    sure(str(int(size)) == size, "the checkpoint's size is no plain number")
    return int(size), decode_base64(root)


def root_from(index: int, size: int, leaf: bytes, path: list[bytes]) -> bytes:
    """Walk from the leaf to the root (RFC 9162, section 2.1.3.2)."""
    sure(type(index) is int and 0 <= index < size, "the entry's number is outside the log")
    hashed, first, last = sha256(b"\0" + leaf), index, size - 1
    for sibling in path:
        sure(last > 0 and len(sibling) == 32, "the proof does not fit the log's size")  # noqa: PLR2004 - SHA-256
        if first % 2 == 1 or first == last:
            hashed = sha256(b"\1" + sibling + hashed)
            while first % 2 == 0 and first:
                first, last = first // 2, last // 2
        else:
            hashed = sha256(b"\1" + hashed + sibling)
        first, last = first // 2, last // 2
    sure(last == 0, "the proof is too short")
    return hashed


def each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Read no JSON in which a name stands twice: two readers could take different ones."""
    found = dict(pairs)
    sure(len(found) == len(pairs), "a name stands twice in the receipt")
    return found


def check(receipt_text: str, key_text: str) -> str:
    """Return what is proven; raise what is wrong."""
    name, key_id, public = key_of(key_text)
    receipt = json.loads(receipt_text, object_pairs_hook=each_once)
    for wrapped in ("answer", "receipt"):
        receipt = receipt[wrapped] if isinstance(receipt.get(wrapped), dict) else receipt
    size, root = checkpoint_of(receipt["checkpoint"], name, key_id, public)
    leaf, index = receipt["leaf"].encode(), receipt["index"]
    path = [decode_base64(each) for each in receipt["proof"]]
    sure(root_from(index, size, leaf, path) == root, "the proof does not lead from the entry to the checkpoint's root")
    stated = receipt.get("leaf_hash")
    sure(stated in {None, sha256(b"\0" + leaf).hex()}, "the stated hash is not the entry's")
    sure(receipt.get("public_key") in {None, "", key_text.strip()}, "the receipt names another key")
    entry = json.loads(leaf)
    sure(entry["index"] == index, "the entry says that it has another number")
    sure(entry["schema"] in {"metricgate.record/1", "metricgate.record/2"}, "the entry's form is not known")
    return f"whole: entry {index} ({entry['event_name']}) of a log of {size} entries, root {root.hex()}"


def main(words: list[str]) -> int:
    """Check the files named on the command line."""
    if len(words) != 2:  # noqa: PLR2004 - the receipt and the key
        sys.stderr.write(__doc__ or "")
        return 2
    try:
        with open(words[0], encoding="utf-8") as receipt, open(words[1], encoding="utf-8") as key:  # noqa: PTH123
            texts = receipt.read(), key.read()
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        proven = check(*texts)
    except InvalidSignature:
        sys.stdout.write("NOT WHOLE: the signature is not right\n")
        return 3
    except (NotWholeError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        sys.stdout.write(f"NOT WHOLE: {type(error).__name__}: {error}\n")
        return 3
    sys.stdout.write(f"{proven}\n{SAID}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
