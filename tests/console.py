"""What pages show of a terminal: ```` ```console ```` blocks, their commands, and whether an output is as shown.

A line that begins with ``$ `` is a command; the lines up to the next one are its output, in which ``...`` stands for
any text, and a line of only ``...`` for any number of lines. How wide columns are set does not count. A command without
such lines may say anything. A last line ``[exit 3]`` says that the command ends with that code, which is 0 where
nothing is said: refusals are shown as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A command of a page, what it shows of its output, and its exit code."""

    command: str
    output: tuple[str, ...]
    code: int = 0


def blocks(page: str, language: str) -> list[str]:
    """Return the page's fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def commands(block: str) -> list[Shown]:
    """Return the commands of a console block, in order."""
    found: list[Shown] = []
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        first, *rest = part.rstrip("\n").split("\n")
        code = re.fullmatch(r"\[exit (\d+)\]", rest[-1]) if rest else None
        output = rest if code is None else rest[:-1]
        found.append(Shown(command=first, output=tuple(output), code=0 if code is None else int(code.group(1))))
    return found


def fits(expected: tuple[str, ...], actual: str) -> bool:
    """Whether the output is as shown."""
    if not expected:
        return True
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "..." else ".*".join(map(re.escape, _set(line).split("..."))) + r"\n"
        for line in expected
    )
    return re.fullmatch(pattern, "".join(f"{_set(line)}\n" for line in actual.splitlines())) is not None


def _set(line: str) -> str:
    """The line with one space between its words, and its indent."""
    return re.sub(r"(?<=\S) +", " ", line).rstrip()
