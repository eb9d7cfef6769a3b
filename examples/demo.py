"""A scripted agent session against a running gateway: what `make demo` shows.

Loads the data, makes keys, starts the gateway, asks over MCP and HTTP as four different callers, verifies the ledger,
shows that a changed byte is found, and stops what it started.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from rich.console import Console
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table

PROJECT = Path(__file__).resolve().parent.parent
METRICGATE = (sys.executable, "-m", "metricgate")
WIDTH = 118
START_SECONDS = 30

out = Console(width=WIDTH, highlight=False)


def main() -> None:
    """Run the demonstration; exits non-zero where a step does not go as it should."""
    begin = time.monotonic()
    step("1. Data", "TPC-H orders and the flights of New York, 2013")
    run("-m", "metricgate.demo")
    step("2. Keys", "one API key per agent; only a hash is stored")
    keys = {
        "sales-copilot": make_key("sales-copilot", "--may-act-for", "ana@acme.example"),
        "finance-analyst-bot": make_key("finance-analyst-bot"),
        "generalist": make_key("generalist"),
        "ops-dashboard": make_key("ops-dashboard"),
    }
    with gateway() as url:
        asyncio.run(over_mcp(url, keys))
        over_http(url, keys)
    verify_ledger()
    step("6. A change", "proposed by an agent, held, approved by a person, taken back (examples/helpdesk)")
    run(str(PROJECT / "examples" / "helpdesk" / "run.py"))
    out.print()
    out.print(f"[bold green]Done in {time.monotonic() - begin:.0f} s; nothing is left running.[/]")
    out.print("Next: [bold]make serve[/], then the ten-minute tour in README.md.")


async def over_mcp(url: str, keys: Mapping[str, str]) -> None:
    """What an agent does that speaks MCP: discover, meet an ambiguity, ask exactly, keep the receipt."""
    step("3. An agent over MCP", "generalist: may use both domains, has none of its own")
    headers = {"Authorization": f"Bearer {keys['generalist']}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client,
    ):
        tools = (await client.list_tools()).tools
        out.print(f"Protocol {client.protocol_version}; tools: {', '.join(tool.name for tool in tools)}")
        said("generalist", "query_metrics", {"metrics": ["revenue"], "group_by": ["metric_time__year"]})
        refused = await call(client, "query_metrics", metrics=["revenue"], group_by=["metric_time__year"])
        expect(refused.get("code") == "E_AMBIGUOUS_METRIC", "a bare `revenue` fits two metrics")
        show_ambiguity(refused)
        both = {"metrics": ["sales.revenue", "finance.revenue"], "group_by": ["metric_time__year"]}
        said("generalist", "query_metrics", both)
        answered = await call(client, "query_metrics", **both)
        expect("answer" in answered, "both revenues, side by side")
        show_answer(answered, sql=True)
        index = answered["record"]["index"]
        receipt = await call(client, "get_receipt", index=index)
        expect("answer" in receipt, "a receipt for the answer")
        out.print(f"Receipt of record {index}: leaf {receipt['answer']['leaf_hash'][:16]}…, checkpoint:")
        out.print(Panel(receipt["answer"]["checkpoint"].strip(), width=WIDTH), markup=False)


def over_http(url: str, keys: Mapping[str, str]) -> None:
    """The same flow through plain HTTP: rights, row filters, limits."""
    step("4. Agents over HTTP", "rights are the intersection of agent and user")
    with httpx2.Client(base_url=url, timeout=30) as http:
        ask = Asker(http, keys)
        hers = {"metrics": ["revenue"], "group_by": ["line_item__territory", "metric_time__year"]}
        answered = ask("sales-copilot", hers, user="ana@acme.example")
        expect("answer" in answered, "for ana, `revenue` means sales.revenue, and only her territory exists")
        show_answer(answered)
        refused = ask("sales-copilot", {"metrics": ["finance.revenue"]}, user="ana@acme.example")
        expect(refused.get("status") == httpx2.codes.FORBIDDEN, "finance's numbers are not hers to ask")
        show_refusal(refused)
        refused = ask("generalist", {"metrics": ["finance.revenue"], "group_by": ["nation__name"]})
        expect(
            refused.get("code") == "E_AMBIGUOUS_PATH", "two joins lead to a nation: the customer's and the supplier's"
        )
        show_refusal(refused)
        answered = ask("generalist", {"metrics": ["flights.scheduled_flights"], "group_by": ["metric_time__day"]})
        expect(bool(answered.get("answer", {}).get("truncated")), "a limit cuts the rows, and the answer says so")
        show_answer(answered, most=3)
        answered = ask(
            "generalist",
            {
                "metrics": ["sales.revenue", "sales.revenue_year_to_date"],
                "group_by": ["metric_time__month"],
                "time_range": {"start": "1997-04-01", "through": "1997-06-30"},
            },
        )
        expect("answer" in answered, "a year to date counts from January, though the question asks from April")
        show_answer(answered)
        answered = ask(
            "ops-dashboard",
            {
                "metrics": ["flights.scheduled_flights", "flights.average_departure_delay"],
                "group_by": ["metric_time__month"],
                "where": {"member": "flight__origin_code", "op": "=", "value": "JFK"},
                "time_range": {"start": "2013-01-01", "through": "2013-06-30"},
            },
        )
        expect("answer" in answered, "flights from JFK by month")
        show_answer(answered)
        refused = ask("ops-dashboard", {"metrics": ["flights.scheduled_flights"], "filter": "origin = 'JFK'"})
        expect(refused.get("code") == "E_UNKNOWN_ARGUMENT", "a misspelt argument is refused, never ignored")
        show_refusal(refused)


class Asker:
    """Calls query_metrics over HTTP as one of the callers and prints what was asked."""

    def __init__(self, http: httpx2.Client, keys: Mapping[str, str]) -> None:
        self._http = http
        self._keys = keys

    def __call__(self, agent: str, arguments: Mapping[str, object], *, user: str | None = None) -> dict[str, object]:
        """Ask; return the envelope or the problem document."""
        said(agent if user is None else f"{agent} for {user}", "query_metrics", arguments)
        headers = {"Authorization": f"Bearer {self._keys[agent]}"}
        if user is not None:
            headers["X-Metricgate-User"] = user
        response = self._http.post("/v1/tools/query_metrics", json=dict(arguments), headers=headers)
        return dict(response.json())


def verify_ledger() -> None:
    """Verify the record, then change one byte of a copy and verify again."""
    step("5. The record", "verified with nothing but the file and the public key")
    state = PROJECT / ".metricgate"
    table = run("-m", "metricgate", "audit", "list", "--limit", "8", capture=True)
    out.print(table.stdout, markup=False)
    verified = run("-m", "metricgate", "audit", "verify", capture=True)
    out.print(verified.stdout.strip(), markup=False)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "ledger.db"
        shutil.copy(state / "ledger.db", copy)
        data = bytearray(copy.read_bytes())
        place = data.rindex(b"finance.revenue")
        data[place] ^= 0x01
        copy.write_bytes(data)
        key = next(state.glob("*.vkey"))
        tampered = subprocess.run(
            [*METRICGATE, "audit", "verify", str(copy), "--key", str(key)], capture_output=True, text=True, check=False
        )
        expect(tampered.returncode != 0, f"one bit changed at byte {place} of a copy: found")
        out.print((tampered.stdout + tampered.stderr).strip(), markup=False)


@contextmanager
def gateway() -> Iterator[str]:
    """Start ``metricgate serve`` on a free port, wait until it is ready, stop it at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = PROJECT / ".metricgate" / "demo-serve.log"
    with log.open("w") as errors:
        server = subprocess.Popen(
            [*METRICGATE, "serve", "--port", str(port)], cwd=PROJECT, stdout=errors, stderr=subprocess.STDOUT
        )
        try:
            wait_until_ready(url, server, log)
            yield url
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=20)


def wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Return when ``/readyz`` answers; exit with the log where the gateway does not come up."""
    for _ in range(START_SECONDS * 10):
        if server.poll() is not None:
            sys.exit(f"the gateway did not start:\n{log.read_text()}")
        try:
            if httpx2.get(f"{url}/readyz").status_code == httpx2.codes.OK:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    sys.exit(f"the gateway was not ready after {START_SECONDS} s:\n{log.read_text()}")


async def call(client: Client, tool: str, **arguments: object) -> dict[str, object]:
    """Call over MCP and return the envelope, or the problem document."""
    result = await client.call_tool(tool, arguments)
    return dict(result.structured_content or (result.meta or {})["metricgate/problem"])


def make_key(agent: str, *options: str) -> str:
    """Create an API key for ``agent`` that expires in a day; return its secret."""
    made = run("-m", "metricgate", "keys", "create", agent, "--expires", "1d", *options, "--json", capture=True)
    secret = str(json.loads(made.stdout)["secret"])
    out.print(f"  {agent:22} {secret[:12]}… (shown once)")
    return secret


def run(*arguments: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments in the project's folder; exit with its words where it fails."""
    environment = {**os.environ, "COLUMNS": str(WIDTH)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=PROJECT, capture_output=capture, text=True, check=False, env=environment
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stdout or ''}{done.stderr or ''}")
    return done


def step(title: str, text: str) -> None:
    """Print a heading."""
    out.print()
    out.rule(f"[bold]{title}[/] · {text}", align="left")


def said(who: str, tool: str, arguments: Mapping[str, object]) -> None:
    """Print what is asked, by whom."""
    out.print(f"\n[bold cyan]{who}[/] → {tool} ", end="")
    out.print(json.dumps(arguments), markup=False)


def expect(condition: bool, what: str) -> None:  # noqa: FBT001 - reads as an assertion
    """Print what this step shows, or stop."""
    if not condition:
        sys.exit(f"unexpected: {what}")
    out.print(f"[green]✓[/] {what}")


def show_answer(envelope: Mapping[str, object], *, most: int = 8, sql: bool = False) -> None:
    """Print rows, versions, policy and record of an answer."""
    answer, record = envelope["answer"], envelope["record"]
    table = Table(show_header=True, header_style="bold", box=None, padding=(0, 2))
    for column in answer["columns"]:
        table.add_column(
            column["name"], justify="left" if column["type"] in {"string", "timestamp", "date"} else "right"
        )
    for row in answer["rows"][:most]:
        table.add_row(*("∅" if value is None else str(value) for value in row))
    out.print(table)
    if answer["row_count"] > most:
        out.print(f"  … {answer['row_count'] - most} more rows")
    if answer["truncated"]:
        out.print(f"  [yellow]{answer['truncated']['message']}[/] (rule {answer['truncated']['rule']})")
    for definition in answer["definitions"]:
        certified = ", certified" if definition["certified"] else ""
        out.print(f"  definition {definition['metric']} {definition['definition_version'][:19]}…{certified}")
    for each in answer["policy"]["row_filters"]:
        out.print(f"  filter added by {each['rule']} on {each['dataset']}: {json.dumps(each['where'])}", markup=False)
    for note in answer["notes"]:
        out.print(f"  note: {note}", markup=False)
    if sql:
        out.print(Syntax(answer["sql"], "sql", theme="ansi_dark", background_color="default"))
    out.print(f"  record {record['index']}, trace {record['trace_id']}")


def show_ambiguity(problem: Mapping[str, object]) -> None:
    """Print the question back and the candidates."""
    details = problem["details"]
    out.print(f"  [yellow]{details['question']}[/]")
    for candidate in details["candidates"]:
        out.print(f"  - {candidate['name']} ({candidate['owner']}): {candidate['difference']}", markup=False)


def show_refusal(problem: Mapping[str, object]) -> None:
    """Print a refusal's code, message, hint, rules and record."""
    out.print(f"  [red]{problem['code']}[/] ", end="")
    out.print(str(problem["message"]), markup=False)
    for name in ("hint", "rules"):
        if problem.get(name):
            out.print(f"  {name}: {problem[name]}", markup=False)
    out.print(f"  record {problem['record']['index']}")


if __name__ == "__main__":
    main()
