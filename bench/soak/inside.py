"""``python -m bench.soak.inside FILE [--trace] COMMAND...``: a gateway that says what its memory consists of.

Once a minute it appends a JSON line to the file: blocks that Python holds, what the C library holds in use and free,
Arrow's pool, and how full each cache of ours is. With ``--trace`` also what Python allocated since the first look, by
line of code (``tracemalloc``, which slows the gateway and takes memory itself). Once a minute, and whenever somebody
makes the file that ``asked_by`` names.
"""

from __future__ import annotations

import ctypes
import gc
import json
import re
import sys
import tempfile
import threading
import time
import tracemalloc
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

_EVERY_SECONDS = 60.0
_ASKED_SECONDS = 0.2
_TOLD = 25
_FRAMES = 6
_LONG = 200
_OURS = "metricgate"
_ALONE_SECONDS = 1.0
_CACHE = type(lru_cache(len))
_LOOKED_AT = frozenset({dict, set, list, deque, OrderedDict, defaultdict, Counter, _CACHE})


def main() -> None:
    """Run the gateway's own command, with a thread beside it that looks."""
    out, *words = sys.argv[1:]
    at = words.index("-m")
    sys.argv = [words[at + 1], *words[at + 2 :]]
    look = _traced if words[0] == "--trace" else holdings
    threading.Thread(target=_keep_looking, args=(Path(out), look), daemon=True).start()
    from metricgate.__main__ import main as run  # noqa: PLC0415 - the program is begun when somebody looks

    run()


def _keep_looking(out: Path, look: Callable[[], dict[str, Any]]) -> None:
    begin = time.monotonic()
    while True:
        _wait(asked_by(out))
        found = {"second": round(time.monotonic() - begin), **look()}
        with out.open("a") as lines:
            lines.write(json.dumps(found) + "\n")


def asked_by(out: Path) -> Path:
    """Return the file that has the next look taken at once, and is gone before it is."""
    return out.with_suffix(".ask")


def _wait(asked: Path) -> None:
    end = time.monotonic() + _EVERY_SECONDS
    while time.monotonic() < end and not asked.exists():
        time.sleep(_ASKED_SECONDS)
    asked.unlink(missing_ok=True)


def _traced() -> dict[str, Any]:
    """Return the holdings, and what was allocated since the first of these looks and is still held."""
    if not tracemalloc.is_tracing():  # what the start takes is no growth, and traced it would take minutes
        tracemalloc.start(_FRAMES)
        return holdings()
    of_tracing = tracemalloc.Filter(inclusive=False, filename_pattern=tracemalloc.__file__)
    held = tracemalloc.take_snapshot().filter_traces([of_tracing])
    traced = {"traced_mb": round(tracemalloc.get_traced_memory()[0] / 1e6, 2), "held": list(_told(held))}
    return {**holdings(), **traced}


def _told(held: tracemalloc.Snapshot) -> Iterator[dict[str, Any]]:
    for each in held.statistics("traceback")[:_TOLD]:
        where = [f"{frame.filename.rpartition('site-packages/')[2]}:{frame.lineno}" for frame in each.traceback]
        yield {"kb": each.size // 1024, "blocks": each.count, "where": where[::-1]}


def holdings() -> dict[str, Any]:
    """Return what allocators hold, in megabytes, and how many blocks and objects Python has."""
    gc.collect()  # what is only waiting to be collected is no growth
    count, objects = _objects()
    return {
        "python_blocks": sys.getallocatedblocks(),
        "gc_objects": count,
        **_of_c(),
        **_of_arrow(),
        **_of_kernel(),
        "caches": _fills(objects),
        "containers": _containers(objects),
    }


def _objects() -> tuple[int, list[Any]]:
    """Return how many objects were made since the start, and those of them that are looked at.

    A tuple in the making must not be held by anybody else, or whoever makes it fails: no other thread runs until all
    that are not looked at are let go.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(_ALONE_SECONDS)
    try:
        time.sleep(0.01)  # until who waits for the interpreter waits by that interval
        found = gc.get_objects()
        count, kept = len(found), [each for each in found if type(each) in _LOOKED_AT]
        del found
    finally:
        sys.setswitchinterval(before)
    return count, kept


def _of_c() -> dict[str, float]:
    """Return what glibc holds: all arenas together, of that free, and large blocks of their own."""
    library = ctypes.CDLL(None)
    library.fopen.restype = ctypes.c_void_p
    with tempfile.NamedTemporaryFile() as file:
        stream = ctypes.c_void_p(library.fopen(file.name.encode(), b"w"))
        library.malloc_info(0, stream)
        library.fclose(stream)
        said = Path(file.name).read_text()
    whole = said.rpartition("</heap>")[2]
    sizes = {name: int(size) for name, size in re.findall(r'<total type="(\w+)" count="\d+" size="(\d+)"', whole)}
    system = int(re.findall(r'<system type="current" size="(\d+)"', whole)[0])
    free = sizes.get("fast", 0) + sizes.get("rest", 0)
    return {
        "c_arenas": said.count("<heap "),
        "c_system_mb": round(system / 1e6, 2),
        "c_free_mb": round(free / 1e6, 2),
        "c_mapped_mb": round(sizes.get("mmap", 0) / 1e6, 2),
    }


def _of_arrow() -> dict[str, float]:
    arrow = sys.modules.get("pyarrow")
    return {} if arrow is None else {"arrow_mb": round(arrow.total_allocated_bytes() / 1e6, 2)}


def _of_kernel() -> dict[str, float]:
    """Return resident memory by where it lies: the main heap, arenas of threads, other anonymous memory, files."""
    found = {"heap": 0, "thread_arenas": 0, "anonymous": 0, "stacks": 0, "of_files": 0}
    kind = "anonymous"
    for line in Path("/proc/self/smaps").read_text().splitlines():
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ (\d+)\s*(.*)", line)
        if head:
            begin, path = int(head[1], 16), head[5]
            if path == "[heap]":
                kind = "heap"
            elif path.startswith("[stack"):
                kind = "stacks"
            elif head[4] != "0":
                kind = "of_files"
            else:
                kind = "thread_arenas" if begin % (64 << 20) == 0 else "anonymous"
        elif line.startswith("Rss:"):
            found[kind] += int(line.split()[1])
    return {f"{name}_mb": round(kilobytes / 1024, 2) for name, kilobytes in found.items()}


def _fills(objects: list[Any]) -> dict[str, str]:
    """Return how full each cache of a function is, as ``held/most``."""
    found = {}
    for each in _remembering(objects):
        held = each.cache_info()
        if held.currsize:
            name = getattr(each, "__qualname__", "") or type(getattr(each, "__wrapped__", each)).__qualname__
            found[f"{getattr(each, '__module__', '')}.{name}"] = f"{held.currsize}/{held.maxsize}"
    return found


def _remembering(objects: list[Any]) -> list[Any]:
    ours = [vars(module) for name, module in list(sys.modules.items()) if name.startswith(_OURS)]
    found = {id(each): each for space in ours for each in list(space.values()) if isinstance(each, _CACHE)}
    later = {id(each): each for each in objects if isinstance(each, _CACHE)}
    return list((later | found).values())


def _containers(objects: list[Any]) -> dict[str, int]:
    """Return the longest containers that were made since the start, by type and what their first member is."""
    sized = ((len(each), each) for each in objects if not isinstance(each, _CACHE))
    longest = sorted(sized, key=lambda pair: -pair[0])[:_TOLD]
    return {
        f"{type(each).__name__} at {id(each):x} of {_first(each)}": length
        for length, each in longest
        if length >= _LONG
    }


def _first(found: Any) -> str:
    first = next(iter(found), None)
    inner = f" -> {type(found[first]).__name__}" if isinstance(found, dict) else ""
    return f"{type(first).__name__}{inner} {str(first)[:60]!r}"


if __name__ == "__main__":
    main()
