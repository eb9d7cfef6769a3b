"""Changes through the gate do what the engine does with the same statement, and are taken back whole."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from conformance.differential.drawing import Draw
from conformance.differential.tally import Tally
from conformance.differential.writes.gate import opened
from conformance.differential.writes.places import placed
from conformance.differential.writes.running import run
from conformance.differential.writes.statements import statement

ENGINES = ("duckdb", "postgres", "mariadb")
_RANDOM = 20
ANYWHERE = """
TRUNCATE parts
UPDATE items AS t SET n = CASE WHEN t.id > 2 THEN 5 ELSE (SELECT max(a) FROM parts) END, name = 'a, b = c' WHERE id > 0
UPDATE items SET n = 1, /* FROM x */ name = 'WHERE id = 1' WHERE CASE WHEN id = 1 THEN TRUE ELSE FALSE END;
DELETE FROM parts WHERE (b IN ('p', 'q')) -- and no more
INSERT INTO items (id, n, name) VALUES (50, (SELECT max(a) FROM parts), 'a, (b'), (51, 2, 'VALUES (1)')
INSERT INTO items (id, n) (SELECT a + 60, max(qty) FROM parts GROUP BY a)
"""
MERGED = """
UPDATE items SET n = 5 WHERE id IS DISTINCT FROM 3 AND n IS NOT DISTINCT FROM n
MERGE INTO items AS t USING (SELECT * FROM items WHERE id > 3) AS s ON t.id = s.id AND s.n IS DISTINCT FROM t.small \
WHEN MATCHED AND CASE WHEN s.n > 0 THEN TRUE ELSE FALSE END THEN UPDATE SET n = 3, name = CASE t.n WHEN 1 THEN 'x' END \
WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id, n) VALUES (s.id, 4)
"""
KNOWN = {
    "mariadb": """
INSERT INTO items (id, bits) VALUES (30, b'101')
INSERT INTO items (id, bits, n, x) VALUES (0x1F, 0x05, 0x0A, b'101'), (32, x'05', '12', 0x05), (33, '5', 5, .5)
INSERT INTO items (id, level, flag, small) VALUES (30, 2, 2, 1.6), (31, 'low', TRUE, '7'), (32, '3', -3, 0x0A)
INSERT INTO items (id, name) VALUES (30, 1.5), (31, 1.25), (32, 'x'), (33, 0x4142), (34, TRUE)
INSERT INTO items (id, n, f, name) SELECT id + 100, 0x0A, b'101', 0x4142 FROM items WHERE id <= 0x02 AND 'a' RLIKE 'a'
INSERT INTO items (id, name, bytes) SELECT DISTINCT id + 100, b'1000001', 0x4142 FROM items WHERE id < 4
UPDATE items SET name = 0x4142, n = 0x0A WHERE id < 4
INSERT INTO items (id, bytes) VALUES (30, 'AB'), (31, x'00ff'), (32, 12), (33, 0x4142)
INSERT INTO items (id, n, bits) SELECT 40 + id, 0x0A, b'101' FROM items WHERE id = 0x02
UPDATE items SET n = n + 10 WHERE id > 0x02
UPDATE items SET bits = 0x05, real4 = 16777216, n = 2.5e0, x = 0x05 WHERE id IN (0x01, 3)
UPDATE items SET ts = d + INTERVAL 1.5 HOUR, d = 20240229 WHERE id = 1
UPDATE items SET name = DATE_FORMAT(ts, '%Y-%m-%d %H:%i:%s'), small = small WHERE id <> 9
UPDATE items SET n = bits, x = bits, f = bits WHERE id < 5
INSERT INTO items (id, name) SELECT id + 100, bits FROM items WHERE bits <> 0
INSERT INTO items (id, name) SELECT id + 100, bytes FROM items WHERE bytes = 'AB'
INSERT INTO items (id, name, level) SELECT id + 100, d, id FROM items WHERE id < 4
UPDATE items SET name = 'a' || 'b' WHERE name || 'x' <> 'q' AND small NOT IN (0, 1) < 7
DELETE FROM items WHERE id = 0x02
DELETE FROM parts WHERE qty > .5
""",
    "postgres": """
INSERT INTO items (id, name) VALUES (30, 12), (31, 'x'), (32, NULL)
INSERT INTO items (id, x, bits) VALUES (30, .5, B'00000101'), (31, '1.005', x'05'), (32, 1e1, 5::bit(8))
INSERT INTO items (id, bytes, lst) VALUES (30, '\\x00ff', '{1,NULL}'), (31, 'AB', ARRAY[1, 2])
UPDATE items SET n = small, small = n WHERE id > .5
UPDATE items SET name = to_hex(255), n = date_part('year', d) WHERE id <> ALL (ARRAY[1, 2])
INSERT INTO items (id, n) VALUES (30, (SELECT max(qty) FROM parts)), (31, 8)
""",
    "duckdb": """
INSERT INTO items (id, name) VALUES (30, 12), (31, 'x'), (32, TRUE)
INSERT INTO items (id, x, bits, bytes) VALUES (30, .5, b'101', x'00ff'), (31, 1_000, '0011', '\\x41'::BLOB)
UPDATE items SET n = small, small = n WHERE id > .5 AND id < 3
UPDATE items SET name = doc->>'a', real4 = 16777216 WHERE doc->>'a' = '1'
""",
}


@pytest.mark.parametrize("engine", ENGINES)
def test_values_of_every_spelling_arrive(engine: str, tmp_path: Path) -> None:
    """Each statement is run by the engine, taken by the gate, and does the same there."""
    known = ANYWHERE + ("" if engine == "mariadb" else MERGED) + KNOWN[engine]
    texts = [text for text in known.splitlines() if text]
    tally = _ran(engine, tmp_path, iter(texts), len(texts))
    assert (tally.valid, tally.invalid) == (len(texts), 0)
    assert not tally.refusals, tally.examples


def test_mariadb_would_read_what_it_has_just_set(tmp_path: Path) -> None:
    """It assigns from left to right, and the standard at once: refused by name, on MariaDB alone."""
    texts = [
        "UPDATE items SET n = n + 1, small = n WHERE id = 1",
        "UPDATE items AS t SET n = small, small = t.n WHERE id < 3",
    ]
    tally = _ran("mariadb", tmp_path, iter(texts), len(texts))
    (refusal,) = tally.refusals
    assert refusal == "E_SQL_CONSTRUCT SET that reads a column which it has set before cannot be used here."
    assert tally.refusals[refusal] == len(texts)


@pytest.mark.parametrize("engine", ENGINES)
def test_random_changes_do_what_the_engine_does(engine: str, tmp_path: Path) -> None:
    """A few; ``make fuzz`` has more."""
    tally = _ran(engine, tmp_path, None, _RANDOM)
    assert tally.valid == _RANDOM


def _ran(engine: str, folder: Path, texts: Iterator[str] | None, count: int) -> Tally:
    def drawn(draw: Draw) -> str:
        return statement(draw) if texts is None else next(texts)

    async def main() -> Tally:
        with placed(engine, 0, folder) as place:
            async with opened(place, folder) as gate:
                return await run(place, gate, count=count, seed=0, drawn=drawn)

    tally = asyncio.run(main())
    assert not tally.findings, "\n".join(f"{each.sql}: {each.what}" for each in tally.findings)
    return tally
