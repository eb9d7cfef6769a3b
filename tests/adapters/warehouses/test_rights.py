"""Each right beyond those of docs/least-privilege.md is found, however it came, and its cure takes it away."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from tests.contracts import servers
from tests.contracts.least_privilege import mariadb_account, of_the_server, place, postgres_account

from metricgate.adapters.warehouses.mariadb.options import MariaDBOptions
from metricgate.adapters.warehouses.mariadb.warehouse import MariaDBWarehouse
from metricgate.adapters.warehouses.postgres.options import PostgresOptions
from metricgate.adapters.warehouses.postgres.warehouse import PostgresWarehouse
from metricgate.gateway.ports import Warehouse
from metricgate.vocabulary.account_finding import ADVICE, WRONG, AccountFinding

NAME = f"mgr_{uuid.uuid4().hex[:10]}"
ROLES = tuple(f"{NAME}_{letter}" for letter in "abcd")


@dataclass(frozen=True, slots=True)
class Place:
    """An engine with the page's account: an administrator's hand, and a way to open a warehouse as the account."""

    run: Callable[[str], None]
    opened: Callable[[], Warehouse]

    def found(self) -> tuple[AccountFinding, ...]:
        """What is found of the account, with ``sales`` governed; the shared server's own settings do not count."""

        async def main() -> tuple[AccountFinding, ...]:
            warehouse = self.opened()
            try:
                return await warehouse.findings([("sales",)])
            finally:
                await warehouse.close()

        return tuple(each for each in asyncio.run(main()) if not of_the_server(each, NAME))

    def closes(self, given: tuple[str, ...], severity: str, word: str) -> None:
        """Give a right; it alone is told; its cure takes it away."""
        for text in given:
            self.run(text)
        told = self.found()
        assert {each.severity for each in told} == {severity}, told
        assert all(word in f"{each.right} on {each.object}" for each in told), told
        for each in told:
            self.run(each.cure)
        assert self.found() == ()


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """One test at a time, over all workers."""
    with servers.alone():
        yield


@pytest.fixture(scope="module")
def postgres() -> Iterator[Place]:
    made = (
        "CREATE TABLE public.sales (a int); CREATE TABLE public.hidden (k int, v int)",
        "CREATE SCHEMA other; CREATE TABLE other.sales (a int); CREATE SEQUENCE public.s",
    )
    with postgres_account(NAME, made, ROLES) as account:
        yield Place(
            lambda text: account.run(named(text)), lambda: PostgresWarehouse(PostgresOptions(**place(account.own)))
        )


@pytest.fixture(scope="module")
def mariadb() -> Iterator[Place]:
    made = ("CREATE TABLE sales (a int)", "CREATE TABLE hidden (k int, v int)")
    with mariadb_account(NAME, made, ROLES) as account:
        yield Place(
            lambda text: account.run(named(text)), lambda: MariaDBWarehouse(MariaDBOptions(**place(account.own)))
        )
        account.run("DROP DATABASE IF EXISTS $me_x".replace("$me", NAME))


def named(text: str) -> str:
    """The run's own names for the account, its database, and four roles."""
    for short, own in zip(("$a", "$b", "$c", "$d"), ROLES, strict=True):
        text = text.replace(short, own)
    return text.replace("$me", NAME)


@pytest.mark.parametrize(
    ("given", "severity", "word"),
    [
        (("ALTER ROLE $me CREATEDB",), WRONG, "CREATEDB"),
        (("ALTER ROLE $me SUPERUSER",), WRONG, "SUPERUSER"),
        (("GRANT pg_read_server_files TO $me",), WRONG, "pg_read_server_files"),
        (("CREATE ROLE $a", "GRANT pg_read_all_data TO $a", "GRANT $a TO $me"), WRONG, "pg_read_all_data"),
        (("CREATE ROLE $b CREATEROLE", "GRANT $b TO $me"), WRONG, "_b"),
        (("CREATE ROLE $c", "GRANT $c TO $me", "ALTER ROLE $me NOINHERIT"), WRONG, "membership"),
        (("ALTER ROLE $me INHERIT", "GRANT CREATE ON SCHEMA public TO PUBLIC"), WRONG, "CREATE on schema public"),
        (("GRANT CREATE, TEMP ON DATABASE $me TO PUBLIC",), WRONG, " on database"),
        (("GRANT INSERT, UPDATE ON public.sales TO $me",), WRONG, "public.sales"),
        (("GRANT DELETE, TRUNCATE ON public.hidden TO PUBLIC",), WRONG, "public.hidden"),
        (("GRANT UPDATE (a) ON public.sales TO $me",), WRONG, "UPDATE"),
        (("GRANT USAGE ON SEQUENCE public.s TO $me",), WRONG, "public.s"),
        (("GRANT SELECT ON public.hidden TO $me",), ADVICE, "public.hidden"),
        (("GRANT SELECT (k, v) ON public.hidden TO $me",), ADVICE, "public.hidden"),
        (("CREATE ROLE $d", "GRANT SELECT ON public.hidden TO $d", "GRANT $d TO $me"), ADVICE, "public.hidden"),
        (("GRANT INSERT ON public.sales TO $d",), WRONG, "INSERT"),
        (("GRANT SELECT ON public.hidden TO PUBLIC",), ADVICE, "public.hidden"),
        (("GRANT USAGE ON SCHEMA other TO $me", "GRANT SELECT ON other.sales TO $me"), ADVICE, "other.sales"),
        (("GRANT EXECUTE ON FUNCTION pg_notify(text, text) TO PUBLIC",), WRONG, "pg_notify"),
        (("GRANT EXECUTE ON FUNCTION lo_create(oid) TO $d",), WRONG, "lo_create"),
        (("GRANT EXECUTE ON FUNCTION pg_read_file(text) TO $me",), WRONG, "pg_read_file"),
        (("GRANT EXECUTE ON FUNCTION query_to_xml(text, boolean, boolean, text) TO PUBLIC",), WRONG, "query_to_xml"),
        (("GRANT EXECUTE ON FUNCTION pg_terminate_backend(integer, bigint) TO PUBLIC",), WRONG, "pg_terminate_backend"),
        (("GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC",), WRONG, "pg_advisory_lock"),
        (("CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",), WRONG, "f()"),
        (("CREATE PROCEDURE public.p(a text) LANGUAGE sql AS 'SELECT 1'",), WRONG, "p("),
        (("ALTER TABLE public.hidden OWNER TO $me",), WRONG, "OWNER"),
        (("ALTER ROLE $me RESET temp_file_limit",), ADVICE, "temp_file_limit"),
    ],
    ids=lambda each: each if isinstance(each, str) else each[-1],
)
def test_a_right_on_postgres_is_found_and_its_cure_ends_it(postgres: Place, given, severity: str, word: str):
    """The role's own, PUBLIC's, and what comes by other roles, inherited or not."""
    postgres.closes(given, severity, word)


def test_what_cannot_write_is_no_finding(postgres: Place):
    """Stable functions of the analysts', and columns of governed tables, are what the account is for."""
    postgres.run("CREATE FUNCTION public.g() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1'")
    postgres.run("GRANT SELECT (a) ON public.sales TO $me")
    assert postgres.found() == ()


@pytest.mark.parametrize(
    ("given", "severity", "word"),
    [
        (("GRANT FILE ON *.* TO $me",), WRONG, "FILE"),
        (("GRANT SUPER ON *.* TO $me",), WRONG, "SUPER"),
        (("GRANT SELECT ON *.* TO $me",), WRONG, "SELECT"),
        (("GRANT SELECT ON $me.sales TO $me WITH GRANT OPTION",), WRONG, "GRANT OPTION"),
        (("CREATE ROLE $a", "GRANT $a TO $me"), WRONG, "_a"),
        (
            ("CREATE ROLE $b", "GRANT INSERT ON $me.* TO $b", "GRANT $b TO $me", "SET DEFAULT ROLE $b FOR $me"),
            WRONG,
            "INSERT",
        ),
        (
            ("SET DEFAULT ROLE NONE FOR $me; DROP ROLE $b", "GRANT CREATE TEMPORARY TABLES ON $me.* TO $me"),
            WRONG,
            "CREATE TEMPORARY TABLES",
        ),
        (("GRANT DELETE ON $me.sales TO $me",), WRONG, "DELETE"),
        (("GRANT UPDATE (a) ON $me.sales TO $me",), WRONG, "UPDATE"),
        (("GRANT SELECT ON $me.* TO $me",), ADVICE, "hidden"),
        (("GRANT SELECT ON $me.hidden TO $me",), ADVICE, "hidden"),
        (("GRANT SELECT (k) ON $me.hidden TO $me",), ADVICE, "hidden"),
        (("CREATE PROCEDURE $me.p() SELECT 1", "GRANT EXECUTE ON PROCEDURE $me.p TO $me"), WRONG, "EXECUTE"),
        (
            (
                "CREATE DATABASE $me_x",
                "INSERT INTO mysql.db (Host, Db, User, Insert_priv) VALUES ('%', '$me_x', '', 'Y')",
                "FLUSH PRIVILEGES",
            ),
            WRONG,
            "_x",
        ),
        (("ALTER USER $me WITH MAX_STATEMENT_TIME 0",), ADVICE, "MAX_STATEMENT_TIME"),
    ],
    ids=lambda each: each if isinstance(each, str) else each[-1],
)
def test_a_right_on_mariadb_is_found_and_its_cure_ends_it(mariadb: Place, given, severity: str, word: str):
    """The account's own, those of its roles, and those that everybody has without a grant."""
    mariadb.closes(given, severity, word)


def test_no_finding_repeats_a_password(mariadb: Place):
    """SHOW GRANTS has the password's hash."""
    mariadb.run("GRANT FILE ON *.* TO $me")
    told = str(mariadb.found())
    mariadb.run("REVOKE FILE ON *.* FROM $me")
    assert "FILE" in told
    assert "PASSWORD" not in told
    assert "*" not in told.replace("*.*", "")
