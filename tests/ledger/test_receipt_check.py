"""A receipt is whole or it is not, and Metricgate and the script that needs no Metricgate say the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from metricgate.ledger.entry import draft
from metricgate.ledger.merkle import inclusion_path, leaf_hash, range_hash
from metricgate.ledger.note import Checkpoint, Signer
from metricgate.ledger.receipt import Receipt
from metricgate.ledger.receipt_check import UNCHECKED, check_receipt
from metricgate.surfaces.cli import build_app, verify_receipt

SIGNER = Signer("metricgate/test", bytes(range(32)))
OTHER = Signer("metricgate/test", bytes(range(1, 33)))
SCRIPT = Path(verify_receipt.__file__)


def receipt_of(index: int = 5, *, size: int = 11, signer: Signer = SIGNER, schema: bytes | None = None) -> Receipt:
    leaves = [
        draft("gov.call.completed", {"n": n}, entry_id="0" * 26, time_unix_nano=10**18, entropy=b"").leaf(n)
        for n in range(size)
    ]
    if schema is not None:
        leaves[index] = leaves[index].replace(b"metricgate.record/2", schema)
    hashes = [leaf_hash(leaf) for leaf in leaves]
    checkpoint = Checkpoint(origin=signer.verifier.name, size=size, root=range_hash(hashes))
    return Receipt(
        index=index,
        leaf=leaves[index],
        path=inclusion_path(index, size, lambda start, end: range_hash(hashes[start:end])),
        checkpoint=signer.verifier.note(checkpoint, signer.sign(checkpoint)),
        public_key=str(signer.verifier),
    )


def by_script(text: str, key: str) -> bool:
    try:
        verify_receipt.check(text, key)
    except Exception:  # noqa: BLE001 - whatever it is, the script says that it is not whole
        return False
    return True


def verdict(text: str, key=SIGNER.verifier) -> bool:
    """Whether it is whole, by both."""
    whole = not check_receipt(text, key).faults
    assert by_script(text, str(key)) is whole, text
    return whole


WHOLE = json.dumps(receipt_of().as_json())


@pytest.mark.parametrize("size", [1, 2, 3, 8, 11, 64, 65])
def test_every_entry_of_a_log_is_proven(size):
    for index in range(size):
        assert verdict(json.dumps(receipt_of(index, size=size).as_json()))


@pytest.mark.parametrize("wrap", ["{}", '{{"answer": {}, "record": {{"index": 9}}}}', '{{"index": 1, "receipt": {}}}'])
def test_as_answers_and_downloads_wrap_it(wrap):
    assert verdict(wrap.format(WHOLE))


def test_the_form_of_a_proof_file():
    assert check_receipt(receipt_of().as_text(), SIGNER.verifier).faults == ()


def test_no_byte_of_it_can_be_another():
    """Every byte that means something: one that is changed is found, by both; white space and notes mean nothing."""
    missed = []
    for place, letter in enumerate(WHOLE):
        for other in {chr(ord(letter) ^ 1), chr(ord(letter) ^ 0x20), "A", '"'} - {letter}:
            changed = WHOLE[:place] + other + WHOLE[place + 1 :]
            if verdict(changed):
                missed.append((place, letter, other, WHOLE[place - 20 : place + 20]))
    # The name of a part that may be left out can be another: then that part is left out.
    optional = {f'"{name}":' for name in ("public_key", "leaf_hash")}
    assert all(any(name in near + '":' or name[1:6] in near for name in optional) for *_rest, near in missed), missed


ATTACKS = {
    "another key": lambda each: {**each, "public_key": str(OTHER.verifier)},
    "another entry": lambda each: {**each, "leaf": json.loads(json.dumps(receipt_of(4).as_json()))["leaf"]},
    "another number": lambda each: {**each, "index": 4},
    "a number that is no number": lambda each: {**each, "index": True},
    "a number as text": lambda each: {**each, "index": "5"},
    "a negative number": lambda each: {**each, "index": -1},
    "beyond the log": lambda each: {**each, "index": 11},
    "no proof": lambda each: {**each, "proof": []},
    "a shorter proof": lambda each: {**each, "proof": each["proof"][:-1]},
    "a longer proof": lambda each: {**each, "proof": [*each["proof"], each["proof"][0]]},
    "a proof turned round": lambda each: {**each, "proof": each["proof"][::-1]},
    "a proof that is a text": lambda each: {**each, "proof": "".join(each["proof"])},
    "a short hash": lambda each: {**each, "proof": ["AAAA", *each["proof"][1:]]},
    "no checkpoint": lambda each: {name: value for name, value in each.items() if name != "checkpoint"},
    "no entry": lambda each: {name: value for name, value in each.items() if name != "leaf"},
    "no signature": lambda each: {**each, "checkpoint": each["checkpoint"].partition("\n\n")[0] + "\n\n"},
    "signed by another": lambda _each: json.loads(json.dumps(receipt_of(signer=OTHER).as_json())),
    "another log's checkpoint": lambda each: {
        **each,
        "checkpoint": each["checkpoint"].replace("metricgate/test", "metricgate/best", 1),
    },
    "a smaller checkpoint": lambda each: {**each, "checkpoint": receipt_of(5, size=9).checkpoint},
    "a wrong stated hash": lambda each: {**each, "leaf_hash": "0" * 64},
    "a form that is not known": lambda _each: json.loads(
        json.dumps(receipt_of(schema=b"metricgate.record/9").as_json())
    ),
    "a list": lambda each: [each],
    "a text": lambda _each: "receipt",
    "nothing": lambda _each: None,
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_not_whole(attack):
    assert not verdict(json.dumps(ATTACKS[attack](json.loads(WHOLE))))


@pytest.mark.parametrize(
    "text", ["", "{", "{}", "[]", "\ufeff" + WHOLE, WHOLE + WHOLE, "[" * 100_000, '"x"', "9" * 5_000]
)
def test_what_is_no_receipt(text):
    assert not verdict(text)


def test_a_name_that_stands_twice():
    assert not verdict(WHOLE[:-1] + ', "index": 5}')


@pytest.fixture
def files(tmp_path):
    (tmp_path / "log.vkey").write_text(f"{SIGNER.verifier}\n")
    (tmp_path / "whole.json").write_text(WHOLE)
    (tmp_path / "broken.json").write_text(WHOLE.replace('"index": 5', '"index": 6'))
    return tmp_path


@pytest.mark.parametrize(("name", "status"), [("whole.json", 0), ("broken.json", 3), ("missing.json", 2)])
def test_the_script_runs_alone(files, name, status):
    """As an auditor has it: printed by the command, run by a Python that knows no Metricgate."""
    app = build_app(lambda _folder: None, lambda *_files: None)
    printed = CliRunner().invoke(app, ["receipt", "script"]).output
    (files / "verify_receipt.py").write_text(printed)
    words = [sys.executable, "-I", "-S", "-c", _ALONE, files / "verify_receipt.py", files / name, files / "log.vkey"]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert ("Not checked" in done.stdout) is (status == 0)


_ALONE = f"""
import runpy, sys
sys.path.append({str(Path(json.__file__).parents[1])!r})
sys.path.append({str(Path(pytest.__file__).parents[1])!r})
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    assert not [name for name in sys.modules if name.startswith("metricgate")]
"""


@pytest.mark.parametrize(("name", "status"), [("whole.json", 0), ("broken.json", 3), ("missing.json", 2)])
def test_the_command(files, name, status):
    app = build_app(lambda _folder: None, lambda *_files: None)
    words = ["receipt", "verify", str(files / name), "--key", str(files / "log.vkey")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == status, done.output
    if status != 2:
        assert UNCHECKED[0] in " ".join(done.output.split())
        told = json.loads(CliRunner().invoke(app, [*words, "--json"]).output)
        assert (told["whole"], told["not_checked"]) == (status == 0, list(UNCHECKED))
    wrong = CliRunner().invoke(app, ["receipt", "verify", str(files / name), "--key", str(files / "whole.json")])
    assert wrong.exit_code == 2
