"""The accounts of ``docs/least-privilege.md``, made by the statements that stand there, in databases of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.contracts import servers

from metricgate.vocabulary.account_finding import AccountFinding

PASSWORD = "change-me"
_PAGE = Path(__file__).parents[2] / "docs" / "least-privilege.md"


@dataclass(frozen=True, slots=True)
class Account:
    """Where the page's account is, where an administrator is, and the administrator's hand there."""

    own: servers.Address
    administrator: servers.Address
    run: Callable[[str], None]


def place(at: servers.Address) -> dict[str, object]:
    """The address as options of a warehouse."""
    return {"host": at.host, "port": at.port, "database": at.database, "user": at.user, "password": at.password}


def of_the_server(found: AccountFinding, name: str) -> bool:
    """Whether the finding is of the shared server as its owner set it up, not of the account or database ``name``.

    MariaDB as it is installed lets everybody into a database ``test``, and into files of the client.
    """
    return found.right in {"local_infile", "rights that everybody has"} and name not in found.object


def statements(heading: str, name: str) -> list[str]:
    """Return the SQL under a heading of the page, statement by statement; ``name`` is the account's and database's."""
    [section] = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", _PAGE.read_text(), re.MULTILINE | re.DOTALL)
    blocks = "".join(re.findall(r"^```sql\n(.*?)^```", section, re.MULTILINE | re.DOTALL))
    found = [text.strip() for text in re.sub(r"\b(shop|metricgate)\b", name, blocks).split(";\n") if text.strip()]
    assert len(found) > 1
    return found


@contextmanager
def postgres_account(name: str, made: Sequence[str], roles: Sequence[str] = ()) -> Iterator[Account]:
    """Make a database with what ``made`` says, and the page's account for it; ``roles`` are dropped at the end too."""
    at = servers.postgres()
    inside = replace(at, database=name)
    with servers.postgres_connection(at) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            with servers.postgres_connection(inside) as connection:
                for each in (*made, *statements("PostgreSQL", name)):
                    connection.execute(each)
                own = replace(inside, user=name, password=PASSWORD)
                yield Account(own, inside, lambda text: connection.execute(text) and None)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
            for role in (name, *roles):
                admin.execute(f"DROP ROLE IF EXISTS {role}")


@contextmanager
def mariadb_account(name: str, made: Sequence[str], roles: Sequence[str] = ()) -> Iterator[Account]:
    """Make a database with what ``made`` says, and the page's account for it; ``roles`` are dropped at the end too."""
    at = servers.mariadb()
    inside = replace(at, database=name)
    with servers.mariadb_connection(at) as admin, admin.cursor() as cursor:

        def run(text: str) -> None:
            for part in filter(str.strip, text.split(";")):
                cursor.execute(part)

        cursor.execute(f"CREATE DATABASE {name}")
        try:
            cursor.execute(f"USE {name}")
            for each in (*made, *statements("MariaDB", name)):
                cursor.execute(each)
            yield Account(replace(inside, user=name, password=PASSWORD), inside, run)
        finally:
            cursor.execute(f"DROP DATABASE {name}")
            cursor.execute(f"DROP USER IF EXISTS '{name}'@'%'")
            for role in roles:
                cursor.execute(f"DROP ROLE IF EXISTS {role}")
