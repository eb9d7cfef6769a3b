import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from tests.surfaces.cli.shop import Shop
from typer.testing import CliRunner

from metricgate.gateway.outcome import RecordPosition
from metricgate.ledger.verification import Finding, FindingKind, Report
from metricgate.operations.agent_keys import KeyFacts, NewKey
from metricgate.operations.validate import Validation
from metricgate.policy.explanation import PolicyExplanation
from metricgate.policy.verdict import Decision, Verdict, VerdictReason
from metricgate.surfaces.cli import Exit, Reply, build_app
from metricgate.surfaces.problem_document import problem_document
from metricgate.vocabulary.problem import Code, Place, Problem, Problems

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DENIED = Code(name="E_DENIED", group="policy", status=403, cause="Policy denies it.", cure="Ask for a grant.")


def answered(answer, index=7):
    """The envelope as the HTTP door sends it."""
    return Reply(
        exit=Exit.ANSWERED, body=orjson.dumps({"answer": answer, "record": {"index": index, "trace_id": "ab"}})
    )


def refused(*problems, rules=()):
    """The problem document as the HTTP door sends it."""
    document = problem_document(Problems(problems), record=RecordPosition(index=8, trace_id="ab"), rules=rules)
    return Reply(exit=Exit.REFUSED, body=orjson.dumps(document))


@dataclass
class TinyProject:
    """A project that says what it is told to say, and remembers what it was asked."""

    reply: Reply = field(default_factory=lambda: answered({}))
    asked: list = field(default_factory=list)
    problems: tuple = ()
    wanted: list = field(default_factory=list)
    stored: list = field(default_factory=list)
    purposes: list = field(default_factory=list)
    report: Report = field(default_factory=lambda: Report(findings=(), size=3, root=b"\x01" * 32))

    def ask(self, tool, arguments, key, user, purpose=None):
        """Remember, and reply."""
        self.asked.append((tool, dict(arguments), key, user))
        self.purposes.append(purpose)
        return self.reply

    def serve(self, host, port):
        """Remember how."""
        self.asked.append(("serve", host, port))
        return 0

    def mcp(self, key, user):
        """Remember for whom."""
        self.asked.append(("mcp", key, user))
        return 0

    def validate(self):
        """The problems it was given."""
        return Validation(problems=self.problems, counts={"metrics": 2, "tables": 1})

    def policy_tests(self):
        """None."""
        return ()

    def policy_explain(self, asked):
        """Deny, and remember."""
        self.asked.append(asked)
        reason = VerdictReason(
            rule="default-deny",
            party=f"agent:{asked.agent}",
            resource=asked.resources[0],
            decision=Decision.DENY,
            message="No rule allows it.",
        )
        verdict = Verdict(action=asked.action, decision=Decision.DENY, reasons=(reason,), policy_digest="sha256:00")
        return PolicyExplanation(verdict=verdict, roles=(), considered=(), changes=("Grant it.",))

    def create_key(self, agent, *, users, expires_in, or_alone=False):
        """A key with a known secret."""
        expires = None if expires_in is None else NOW + expires_in
        return NewKey(
            id="k1", secret="mg_k1_secret", agent=agent, users=tuple(users), expires_at=expires, or_alone=or_alone
        )

    def revoke_key(self, key_id):
        """Only k1 exists."""
        if key_id != "k1":
            return Problems((Problem(code=DENIED, message=f"There is no key {key_id!r}."),))
        return self.list_keys()[0]

    def list_keys(self):
        """One key."""
        return [
            KeyFacts(
                id="k1",
                agent="copilot",
                users=("ana@acme.example",),
                created_at=NOW - timedelta(days=1),
                expires_at=None,
                state="active",
            )
        ]

    def entries(self, wanted, *, limit=None):
        """Remember the filter; obey the limit."""
        self.wanted.append((wanted, limit))
        return self.stored[:limit]

    def entry(self, index):
        """The entry of that index."""
        return next((entry for entry in self.stored if entry["index"] == index), None)

    def export_entries(self, file, wanted, *, limit=None):
        """JSONL only."""
        self.wanted.append((wanted, limit))
        file.write_text("".join(json.dumps(entry) + "\n" for entry in self.stored))
        return len(self.stored)

    def verify(self, against):
        """The report it was given."""
        self.asked.append(("verify", against))
        return self.report


@dataclass
class Shell:
    """Runs the real program over a tiny project."""

    project: TinyProject

    def run(self, *arguments, key="mg_test_key", environment=None):
        """Run; return the result with ``stdout``, ``stderr`` and ``exit_code``."""

        def opener(folder):
            if not (folder / "metricgate.yaml").exists():
                raise FileNotFoundError(folder)
            if (folder / "metricgate.yaml").read_text() == "broken":
                return Problems((Problem(code=DENIED, message="bad", where=Place(file="metricgate.yaml", line=1)),))
            return self.project

        def verifier(file, key_file, against):
            self.project.asked.append(("verify_file", file.read_bytes(), key_file.read_text(), against))
            return self.project.report

        app = build_app(opener, verifier, now=lambda: NOW)
        # Empty strings and not unset ones: the variables of whoever runs the tests must not count.
        variables = {"METRICGATE_API_KEY": key or "", "METRICGATE_USER": None, "METRICGATE_PROJECT": None}
        return CliRunner().invoke(app, list(arguments), env={**variables, **(environment or {})})


@pytest.fixture
def project():
    return TinyProject()


@pytest.fixture
def shell(project, tmp_path, monkeypatch):
    (tmp_path / "metricgate.yaml").write_text("project: tiny\n")
    monkeypatch.chdir(tmp_path)
    return Shell(project)


@pytest.fixture
def torn():
    return Report(
        findings=(
            Finding(kind=FindingKind.BODY_CHANGED, message="body 0 of entry 2 is not what was recorded", index=2),
            Finding(kind=FindingKind.ENTRY_CHANGED, message="entry 1 is not what was hashed", index=1),
        ),
        size=3,
        root=b"\x02" * 32,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return Shop(tmp_path_factory.mktemp("cli") / "shop")


@pytest.fixture(scope="module")
def key(run):
    return run.key
