"""A change, held, approved by a person and taken back: the help desk over its real doors.

Run: ``python examples/helpdesk/run.py``. Makes the tickets in a scratch folder, serves the project, lets the agent
close a ticket and propose a delete, lets a person look at it, approve it and take it back, and verifies the record.
Ends with exit code 1 where a step does not go as it should.
"""

from __future__ import annotations

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
from urllib.parse import parse_qs, urlsplit

import httpx2
import pyotp
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent
METRICGATE = (sys.executable, "-m", "metricgate")
LENA = "lena@acme.example"
START_SECONDS = 30
SHOWN = 3

out = Console(width=118, highlight=False)


def main() -> None:
    """Tell the story."""
    with tempfile.TemporaryDirectory(prefix="helpdesk-") as scratch:
        folder = Path(scratch) / "helpdesk"
        shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns(".metricgate", "__pycache__"))
        command(folder, sys.executable, str(folder / "data.py"))
        key = json.loads(command(folder, *METRICGATE, "keys", "create", "desk-agent", "--json"))["secret"]
        paper = json.loads(command(folder, *METRICGATE, "people", "add", LENA, "--json"))
        with served(folder) as url:
            agent = httpx2.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=60)
            story(agent, person(url, paper))
        out.print(command(folder, *METRICGATE, "audit", "verify").strip())


def story(agent: httpx2.Client, lena: httpx2.Client) -> None:
    """Let the agent change what it may, and a person decide on the rest."""
    closed = {"ticket_id": 1, "resolution": "solved"}
    shown = tool(agent, "action_close_ticket", closed)["answer"]
    expect(shown["state"] == "previewed", "close_ticket, first call: a dry run; nothing ran", says(shown))
    done = tool(agent, "action_close_ticket", {**closed, "dry_run": False, "idempotency_key": "close-ticket-1"})
    expect(done["answer"]["state"] == "executed", "proposed: policy lets the agent close a ticket by itself")

    before = tickets(agent)
    sql = {"sql": "DELETE FROM tickets WHERE status = 'closed'", "dry_run": False, "idempotency_key": "tidy-up-1"}
    held = tool(agent, "propose_write", sql)["held"]
    action_id = held["action_id"]
    expect(tickets(agent) == before, "delete of all closed tickets: held", ", ".join(held["rules"]))
    refused = agent.get(f"/v1/approvals/{action_id}")
    expect(refused.status_code == httpx2.codes.UNAUTHORIZED, "the agent's key does not open the people's door")

    view = lena.get(f"/v1/approvals/{action_id}").json()
    show(view)
    decision = {
        "approves": True,
        "reason": "Closed tickets are in the archive.",
        "shown_digest": view["shown_digest"],
        "bound_to": view["bound_to"],
    }
    approved = lena.post(f"/v1/approvals/{action_id}/decide", json=decision).json()
    gone = view["preview"]["rows"]["delete"]
    expect(approved["state"] == "executed" and tickets(agent) == before - gone, f"{LENA} approved: {gone} rows deleted")

    undone = lena.post(f"/v1/approvals/{action_id}/undo", json={"reason": "The archive was not made yet."}).json()
    expect(undone["state"] == "executed" and tickets(agent) == before, "taken back: every row is there again")
    last = tool(agent, "get_action", {"action_id": action_id})["answer"]
    expect(last["state"] == "undone", "and the agent is told, by the gateway", f"undone by {last['undone_by']}")


def show(view: Mapping[str, object]) -> None:
    """Show what the person was shown, shortened."""
    preview, risk = view["preview"], view["risk"]
    [columns] = view["columns"].values()
    table = Table(title=f"What {LENA} sees: {view['proposal']['statement']}", title_justify="left")
    for name in columns:
        table.add_column(name)
    for row in view["sample"][:SHOWN]:
        table.add_row(*(str(value) for value in row["before"]))
    out.print(table)
    out.print(
        f"{preview['rows']['delete']} rows deleted; labels {', '.join(preview['labels'])}; {preview['undo']}; "
        f"risk {risk['score']}: {' '.join(each['because'] for each in risk['contributions'])}"
    )


def tickets(agent: httpx2.Client) -> int:
    """Return how many tickets there are, as the governed metric counts them."""
    return int(tool(agent, "query_metrics", {"metrics": ["support.tickets"]})["answer"]["rows"][0][0])


def tool(agent: httpx2.Client, name: str, arguments: Mapping[str, object]) -> dict[str, dict]:
    """Call a tool."""
    found: dict[str, dict] = agent.post(f"/v1/tools/{name}", json=dict(arguments)).json()
    return found


def person(url: str, paper: Mapping[str, str]) -> httpx2.Client:
    """Log in with the one-time password and a code, choosing a password; returns the person's client."""
    secret = parse_qs(urlsplit(paper["otpauth"]).query)["secret"][0]
    client = httpx2.Client(base_url=url, timeout=60)
    given = {
        "name": LENA,
        "password": paper["one_time_password"],
        "new_password": "a heron stands in four streams",
        "code": pyotp.TOTP(secret).now(),
        "channel": "cli",
    }
    session = client.post("/v1/people/login", json=given).json()
    client.headers["authorization"] = f"Bearer {session['token']}"
    return client


def says(answer: Mapping[str, object]) -> str:
    """Return the preview in a line."""
    rows, risk = answer["preview"]["rows"], answer["risk"]
    return f"{rows['update']} row, {answer['preview']['undo']}, risk {risk['score']}, would {answer['would']}"


def expect(well: object, what: str, more: str = "") -> None:
    """Say what happened, or stop."""
    out.print(f"[{'green' if well else 'red'}]{'✓' if well else '✗'}[/] {what}{f': {more}' if more else ''}")
    if not well:
        sys.exit(1)


def command(folder: Path, *words: str) -> str:
    """Run a command of the project and return what it prints."""
    done = subprocess.run(words, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        out.print(done.stdout, done.stderr)
        sys.exit(done.returncode)
    return done.stdout


def environment() -> dict[str, str]:
    """Return the environment without what would point to another project."""
    return {name: value for name, value in os.environ.items() if not name.startswith("METRICGATE_")}


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the project on a free port until the block is left."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [*METRICGATE, "serve", "--port", str(port)]
    with (folder / "serve.log").open("w") as log:
        server = subprocess.Popen(words, cwd=folder, env=environment(), stdout=log, stderr=log)
        try:
            wait_for(f"http://127.0.0.1:{port}/readyz")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=START_SECONDS)


def wait_for(url: str) -> None:
    """Wait until the gateway is ready."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            if httpx2.get(url, timeout=2).status_code == httpx2.codes.OK:
                return
        except httpx2.HTTPError:
            time.sleep(0.2)
    sys.exit("the gateway did not become ready")


if __name__ == "__main__":
    main()
