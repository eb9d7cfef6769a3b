"""Signed notes and receipts: worked out by hand, and attacked."""

import base64
import hashlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from metricgate.ledger.entry import as_bytes, commitment, draft, settles
from metricgate.ledger.merkle import inclusion_path, leaf_hash, range_hash
from metricgate.ledger.note import Checkpoint, NoteError, Signer, open_checkpoint, parse_key
from metricgate.ledger.receipt import Receipt, receipt_from_json, receipt_from_text, verify_receipt

SEED = bytes(range(32))
SIGNER = Signer("metricgate/test", SEED)
KEY = SIGNER.verifier
ENTRIES = [b'{"fields":{"gen_ai.agent.id":"a%d"}}' % at for at in range(9)]


def note(name="metricgate/test", size=9):
    root = range_hash([leaf_hash(entry) for entry in ENTRIES])
    checkpoint = Checkpoint(origin=name, size=size, root=root)
    return KEY.note(checkpoint, SIGNER.sign(checkpoint))


def receipt(index=4):
    path = inclusion_path(index, 9, lambda start, end: range_hash([leaf_hash(each) for each in ENTRIES[start:end]]))
    return Receipt(index=index, leaf=ENTRIES[index], path=path, checkpoint=note(), public_key=str(KEY))


def test_a_checkpoint_is_the_note_that_the_specification_describes():
    """Text, key id and signature line equal ones put together by hand from the C2SP texts."""
    public = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
    key_id = hashlib.sha256(b"metricgate/test\n\x01" + public).digest()[:4]
    root = range_hash([leaf_hash(entry) for entry in ENTRIES])
    text = b"metricgate/test\n9\n" + base64.b64encode(root) + b"\n"
    signature = Ed25519PrivateKey.from_private_bytes(SEED).sign(text)
    line = "\u2014 metricgate/test " + base64.b64encode(key_id + signature).decode() + "\n"
    assert note() == text.decode() + "\n" + line
    assert str(KEY) == f"metricgate/test+{key_id.hex()}+{base64.b64encode(bytes([1]) + public).decode()}"
    assert parse_key(str(KEY)) == KEY


def test_the_specifications_own_vector_verifies():
    """A verifier key of the Go note package's documentation is read and written unchanged."""
    text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert str(parse_key(text)) == text


@pytest.mark.parametrize(
    "bad",
    [
        note().replace("\n9\n", "\n8\n"),
        note().replace("metricgate/test", "metricgate/other"),
        note().replace("\n\n", "\n"),
        note().rstrip("\n"),
        note().replace("\u2014", "-"),
        note() + "\u2014 x y\n",
        note().split("\n\n")[0] + "\n\n",
        "",
        "\n\n",
        note().replace("\n9\n", "\n09\n"),
        note().replace("\n9\n", "\n9\r\n"),
    ],
)
def test_a_bent_note_is_refused(bad):
    """Another size, name, form or signature is never read as a checkpoint."""
    with pytest.raises(NoteError):
        open_checkpoint(bad, KEY)


def test_a_note_of_another_key_of_the_same_name_is_refused():
    """A key that calls itself by the log's name is not the log's key."""
    with pytest.raises(NoteError):
        open_checkpoint(note(), Signer("metricgate/test", bytes(32)).verifier)


def test_further_signatures_are_passed_over():
    """A witness's line beside the log's does no harm."""
    other = Signer("witness", bytes(32))
    line = other.verifier.note(Checkpoint(origin="x", size=1, root=bytes(32)), bytes(64)).split("\n\n")[1]
    assert open_checkpoint(note() + line, KEY).size == 9


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n", "a\x00"])
def test_a_key_has_a_proper_name(name):
    """Names that would break the note's form are refused."""
    with pytest.raises(NoteError):
        Signer(name, SEED)


@pytest.mark.parametrize("bad", ["", "a", "a+b+c", "x+c74f20a3+" + str(KEY).split("+", 2)[2], str(KEY)[:-4]])
def test_a_bent_key_is_refused(bad):
    """A cut or edited verifier key says so."""
    with pytest.raises(NoteError):
        parse_key(bad)


@pytest.mark.parametrize("index", range(9))
def test_receipts_survive_both_forms(index):
    """A receipt verifies after JSON and after text, with nothing but the key."""
    made = receipt(index)
    assert made.agent == f"a{index}"
    for again in (receipt_from_json(made.as_json()), receipt_from_text(made.as_text())):
        verify_receipt(again, KEY)
        assert (again.index, again.leaf, again.path) == (made.index, made.leaf, made.path)


@pytest.mark.parametrize(
    "bent",
    [
        replace(receipt(), index=3),
        replace(receipt(), leaf=b'{"fields":{"gen_ai.agent.id":"mallory"}}'),
        replace(receipt(), path=receipt().path[:-1]),
        replace(receipt(), checkpoint=note(size=8)),
        replace(receipt(), index=-5),
    ],
)
def test_a_bent_receipt_proves_nothing(bent):
    """Another entry, place, path or tree is refused."""
    with pytest.raises(NoteError):
        verify_receipt(bent, KEY)


@pytest.mark.parametrize(
    "change", [{"index": "4"}, {"leaf": 1}, {"proof": ["x"]}, {"proof": None}, {"leaf_hash": "00"}]
)
def test_a_malformed_receipt_is_refused(change):
    """JSON that is not a receipt is a clear error."""
    with pytest.raises(NoteError):
        receipt_from_json({**receipt().as_json(), **change})


def test_a_leaf_is_sorted_json_with_its_index():
    """The leaf's bytes are fixed by what went in."""
    made = draft("e", {"b": 1, "a": "ä"}, bodies={"u": "ana"}, entry_id="I", time_unix_nano=7, entropy=bytes(range(16)))
    stated = hashlib.sha256(bytes(range(16)) + b'u\x00"ana"').hexdigest()
    assert commitment(made.bodies[0]) == stated
    assert made.leaf(3).decode() == (
        '{"commitments":{"u":"' + stated + '"},"event_name":"e","fields":{"a":"ä","b":1},"id":"I","index":3,'
        '"schema":"metricgate.record/2","time_unix_nano":"7"}'
    )
    assert b"ana" not in made.leaf(3)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("\ud800", rb'"\ud800"'),
        (2**70, b"1180591620717411303424"),
        (float("nan"), b"null"),
        ([2**70, float("nan")], b"[1180591620717411303424,null]"),
        ({"b": (1, 2), "a": None}, b'{"a":null,"b":[1,2]}'),
    ],
)
def test_every_value_a_caller_can_send_can_be_recorded(value, text):
    """What is no proper JSON or UTF-8 is escaped, so that no argument can prevent its own record."""
    assert as_bytes(value) == text


def test_a_value_of_any_depth_can_be_recorded():
    """Nesting cannot break the record either."""
    deep = []
    for _ in range(100_000):
        deep = [deep]
    assert as_bytes(deep) == b'"(nested too deeply to be recorded)"'


def test_bodies_need_salt():
    """Too little randomness is an error, not a weak commitment."""
    with pytest.raises(ValueError, match="random"):
        draft("e", {}, bodies={"u": 1}, entry_id="I", time_unix_nano=7, entropy=b"short")


def test_links_that_are_no_links_settle_nothing():
    """Malformed links are not outcomes."""
    assert settles({"fields": {"gov.links": [{"index": 4, "rel": "intent"}, 7, {"rel": "intent"}]}}) == [4]
    assert settles({"fields": {"gov.links": "x"}}) == settles({}) == []
