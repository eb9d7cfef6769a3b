"""Commands on the project itself: init, validate, schema, serve, mcp, policy, keys, audit."""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
import yaml
from tests.surfaces.cli.conftest import DENIED

from metricgate.adapters.roles.casbin_roles import CasbinRoleBook
from metricgate.bootstrap.definition_source import definition_source
from metricgate.definitions.loader import load_definitions
from metricgate.policy.judge import Judge
from metricgate.policy.occasion import EvaluationContext
from metricgate.policy.policy_tests import run_tests
from metricgate.settings.settings import load_settings
from metricgate.state.record import EntryFilter
from metricgate.surfaces.cli.codes import CODES
from metricgate.vocabulary.problem import Place, Problem, Problems
from metricgate.vocabulary.resource import Action

DOCS = Path(__file__).parents[3] / "docs"
ENTRY = {
    "index": 4,
    "time": "2026-11-21T10:00:00Z",
    "event": "gov.call.refused",
    "actor": "agent:copilot",
    "fields": {
        "gen_ai.agent.id": "copilot",
        "gen_ai.tool.name": "query_metrics",
        "error.type": "E_DENIED",
        "gov.outcome": "refused",
        "gov.metrics": [{"name": "finance.revenue"}],
        "gov.decision.rules": ["default-deny"],
    },
}


def test_init_writes_a_project_that_is_valid(shell, tmp_path):
    """What init writes loads without problems, and its own policy tests pass."""
    folder = tmp_path / "new" / "project"
    result = shell.run("init", str(folder))
    assert result.exit_code == 0, result.stderr
    settings = load_settings(folder)
    assert not isinstance(settings, Problems), str(settings)
    loaded = load_definitions(definition_source(folder, settings))
    assert not isinstance(loaded, Problems), str(loaded)
    catalog, policy = loaded.catalog, loaded.policy
    assert "sales.revenue" in catalog.metrics
    results = run_tests(policy, Judge(policy, CasbinRoleBook(policy.roles, policy.grants)))
    assert results
    assert all(each.passed for each in results), [each.failures for each in results]


def test_init_overwrites_nothing(shell, tmp_path):
    """Where one of its files exists, even as a dangling link, init writes none of them."""
    folder = tmp_path / "taken"
    (folder / "policies").mkdir(parents=True)
    (folder / "policies" / "policy.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    result = shell.run("init", str(folder))
    assert result.exit_code == 2
    assert "E_CLI_FILE_IN_THE_WAY" in result.stderr
    assert "policies/policy.yaml" in result.stderr
    assert not (folder / "metricgate.yaml").exists()
    assert not (tmp_path / "elsewhere.yaml").exists()


def test_init_where_nothing_can_be_written(shell, tmp_path):
    """A path through a file is told as such, without a trace."""
    (tmp_path / "file").write_text("")
    result = shell.run("init", str(tmp_path / "file" / "inside"))
    assert result.exit_code == 2
    assert "E_CLI_UNREADABLE_FILE" in result.stderr
    assert "Traceback" not in result.output


def test_validate_prints_like_a_compiler(shell, project):
    """Each problem begins with file:line:column; the exit code is 3."""
    project.problems = (
        Problem(
            code=DENIED, message="bad key", where=Place(file="a.yaml", line=3, column=5), hint="Did you mean 'agg'?"
        ),
        Problem(code=DENIED, message="worse", where=Place(file="b.yaml", line=1, column=1)),
    )
    result = shell.run("validate")
    assert result.exit_code == 3
    assert result.stderr.splitlines() == [
        "a.yaml:3:5: E_DENIED: bad key",
        "  hint: Did you mean 'agg'?",
        "b.yaml:1:1: E_DENIED: worse",
    ]
    assert "2 problems: 2 metrics, 1 tables" in result.stdout


def test_validate_json(shell, project):
    """--json gives the same problems to programs, with the same exit code."""
    assert json.loads(shell.run("validate", "--json").stdout) == {
        "valid": True,
        "checked": {"metrics": 2, "tables": 1},
        "problems": [],
    }
    project.problems = (Problem(code=DENIED, message="bad", where=Place(file="a.yaml", line=3)),)
    result = shell.run("validate", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["problems"][0]["where"] == {"file": "a.yaml", "line": 3}


def test_schema_is_a_json_schema_that_init_satisfies(shell, tmp_path):
    """The printed schema is valid and accepts the example model."""
    schema = json.loads(shell.run("schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    shell.run("init", str(tmp_path / "new"))
    model = yaml.safe_load((tmp_path / "new" / "semantic_models" / "sales.yaml").read_text())
    jsonschema.validate(model, schema)


def test_no_project_here(shell, tmp_path):
    """Outside a project the message says how to get into one."""
    result = shell.run("validate", "--project", str(tmp_path / "nowhere"))
    assert result.exit_code == 2
    assert "E_CLI_NO_PROJECT" in result.stderr
    assert "metricgate init" in result.stderr


def test_project_from_the_environment(shell, tmp_path):
    """METRICGATE_PROJECT names the project; --project wins over it."""
    elsewhere = {"METRICGATE_PROJECT": str(tmp_path / "nowhere")}
    assert shell.run("validate", environment=elsewhere).exit_code == 2
    assert shell.run("validate", "-p", ".", environment=elsewhere).exit_code == 0


def test_broken_settings(shell, tmp_path):
    """Settings that cannot be read are problems with a place, exit code 3."""
    (tmp_path / "metricgate.yaml").write_text("broken")
    result = shell.run("serve")
    assert result.exit_code == 3
    assert result.stderr.startswith("metricgate.yaml:1: E_DENIED: bad")


def test_serve_and_mcp_pass_their_options_on(shell, project):
    """Serve takes host and port; mcp takes the key of whom it serves."""
    assert shell.run("serve", "--host", "0.0.0.0", "--port", "0").exit_code == 0  # noqa: S104 - only passed on
    assert shell.run("mcp", "--for", "ana").exit_code == 0
    assert project.asked == [("serve", "0.0.0.0", 0), ("mcp", "mg_test_key", "ana")]  # noqa: S104 - only compared
    assert shell.run("serve", "--port", "65536").exit_code == 2
    assert shell.run("mcp", key=None).exit_code == 2


def test_policy_explain(shell, project):
    """Explain judges as these parties, names the rules, and ends with 3 where policy denies."""
    result = shell.run(
        *("policy", "explain", "--as", "agent:copilot,user:ana@acme.example", "--do", "query"),
        *("--on", "metric:finance.revenue", "--on", "dataset:orders"),
    )
    assert result.exit_code == 3
    (asked,) = project.asked
    assert (asked.agent, asked.user, asked.action) == ("copilot", "ana@acme.example", Action.QUERY)
    assert [str(each) for each in asked.resources] == ["metric:finance.revenue", "dataset:orders"]
    assert asked.circumstances.purpose is None
    assert asked.circumstances.now is not None
    assert result.stdout.startswith("deny\n")
    assert "default-deny" in result.stdout
    assert result.stdout.endswith("Grant it.\n")
    told = json.loads(
        shell.run("policy", "explain", "--as", "agent:x", "--do", "query", "--on", "metric:m", "--json").stdout
    )
    assert (told["verdict"], told["reasons"][0]["rule"]) == ("deny", "default-deny")
    assert told["changes"] == ["Grant it."]


def test_policy_explain_takes_circumstances(shell, project):
    """Purpose, moment, and what is touched without a grant reach the judge; a moment without offset is refused."""
    base = ("policy", "explain", "--as", "agent:a", "--do", "query", "--on", "metric:x")
    shell.run(*base, "--purpose", "audit", "--at", "2026-03-01T08:00+01:00", "--touching", "column:c.email")
    (asked,) = project.asked
    assert asked.circumstances == EvaluationContext(purpose="audit", now=datetime(2026, 3, 1, 7, tzinfo=UTC))
    assert [str(each) for each in asked.touching] == ["column:c.email"]
    assert shell.run(*base, "--at", "2026-03-01T08:00").exit_code == 2
    assert shell.run(*base, "--touching", "email").exit_code == 2


@pytest.mark.parametrize(
    ("who", "do", "on", "hint"),
    [
        ("copilot", "query", "metric:x", "agent:sales-copilot"),
        ("user:ana", "query", "metric:x", "no agent"),
        ("agent:a,agent:b", "query", "metric:x", "at most one user"),
        ("agent:", "query", "metric:x", "does not name"),
        ("agent:a", "qery", "metric:x", "Did you mean 'query'?"),
        ("agent:a", "query", "finance.revenue", "KIND:NAME"),
        ("agent:a", "query", "table:x", "KIND:NAME"),
    ],
)
def test_policy_explain_usage(shell, project, who, do, on, hint):
    """What is wrong with the options is said with what would be right."""
    result = shell.run("policy", "explain", "--as", who, "--do", do, "--on", on)
    assert result.exit_code == 2
    assert hint in result.stderr
    assert project.asked == []


def test_keys_create_prints_the_secret_alone(shell):
    """Standard output is the secret and nothing else, so that it can be piped; the rest is told beside it."""
    result = shell.run("keys", "create", "copilot", "--expires", "30d", "--may-act-for", "ana@acme.example")
    assert result.stdout == "mg_k1_secret\n"
    assert "key k1 for agent copilot, expires 2026-12-21T12:00:00+00:00" in result.stderr
    assert "ana@acme.example" in result.stderr
    assert "not shown again" in result.stderr


def test_a_key_acts_alone_only_where_it_was_made_so(shell):
    """What is told says whether each call must name a user; the option means nothing without users."""
    plain = shell.run("keys", "create", "copilot", "--may-act-for", "ana")
    assert "each call must name one of them" in plain.stderr
    alone = shell.run("keys", "create", "copilot", "--may-act-for", "ana", "--or-alone")
    assert "may say that it acts for: ana, or for nobody" in alone.stderr
    assert shell.run("keys", "create", "copilot", "--or-alone").exit_code == 2


@pytest.mark.parametrize("duration", ["30", "0d", "-1d", "1y", "1.5h", "d", "9999999d", "٣d"])
def test_keys_create_refuses_odd_durations(shell, duration):
    """A duration that is none makes no key."""
    result = shell.run("keys", "create", "copilot", f"--expires={duration}")
    assert result.exit_code == 2
    assert "E_CLI_BAD_OPTION" in result.stderr
    assert "secret" not in result.output


def test_keys_list_and_revoke(shell):
    """List shows every key but no secret; revoke says what it revoked or that there is none."""
    listed = shell.run("keys", "list")
    assert "k1" in listed.stdout
    assert "secret" not in listed.output
    assert json.loads(shell.run("keys", "list", "--json").stdout)["keys"][0]["state"] == "active"
    assert "key k1 of agent copilot is revoked" in shell.run("keys", "revoke", "k1").stdout
    assert shell.run("keys", "revoke", "k2").exit_code == 3


def test_audit_list_filters(shell, project):
    """Every filter reaches the ledger, times as moments in UTC."""
    project.stored = [ENTRY]
    result = shell.run(
        *(
            "audit",
            "list",
            "--agent",
            "copilot",
            "--user",
            "ana",
            "--tool",
            "query_metrics",
            "--metric",
            "finance.revenue",
        ),
        *("--verdict", "deny", "--rule", "default-deny", "--since", "24h", "--until", "2026-11-21T13:00:00+01:00"),
    )
    assert result.exit_code == 0, result.stderr
    wanted, _limit = project.wanted[0]
    assert (wanted.agent, wanted.user, wanted.tool, wanted.metric) == (
        "copilot",
        "ana",
        "query_metrics",
        "finance.revenue",
    )
    assert (wanted.verdict, wanted.rule) == ("deny", "default-deny")
    assert wanted.since == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert wanted.until == datetime(2026, 11, 21, 12, tzinfo=UTC)
    for part in ("4", "gov.call.refused", "copilot", "E_DENIED", "finance.revenue", "default-deny"):
        assert part in result.stdout


def test_audit_list_tells_that_there_is_more(shell, project):
    """A cut list says so; --json gives one object per line."""
    project.stored = [{**ENTRY, "index": index} for index in range(5)]
    result = shell.run("audit", "list", "--limit", "2", "--json")
    assert [json.loads(line)["index"] for line in result.stdout.splitlines()] == [0, 1]
    assert "more than 2 entries" in result.stderr


@pytest.mark.parametrize("option", ["--since=yesterday", "--until=2026-13-01", "--verdict=maybe", "--limit=0"])
def test_audit_list_usage(shell, option):
    """Filters of the wrong form are usage errors."""
    assert shell.run("audit", "list", option).exit_code == 2


def test_audit_show(shell, project):
    """Show prints one entry in full, or says that there is none."""
    project.stored = [ENTRY]
    assert json.loads(shell.run("audit", "show", "4").stdout) == ENTRY
    assert json.loads(shell.run("audit", "show", "4", "--json").stdout) == ENTRY
    result = shell.run("audit", "show", "5")
    assert result.exit_code == 2
    assert "E_CLI_NO_SUCH_ENTRY" in result.stderr


def test_audit_export(shell, project, tmp_path):
    """Export writes a new file, oldest first, and never over one that is there."""
    project.stored = [ENTRY]
    result = shell.run("audit", "export", "out.jsonl", "--agent", "copilot")
    assert "1 entry written to out.jsonl" in result.stdout
    assert project.wanted == [(EntryFilter(agent="copilot"), None)]
    again = shell.run("audit", "export", "out.jsonl")
    assert again.exit_code == 2
    assert "E_CLI_FILE_IN_THE_WAY" in again.stderr
    assert shell.run("audit", "export", "out.xlsx").exit_code == 2
    gone = shell.run("audit", "export", str(tmp_path / "no" / "out.jsonl"))
    assert gone.exit_code == 2
    assert "E_CLI_UNREADABLE_FILE" in gone.stderr


def test_audit_verify(shell, project, torn):
    """Verify tells what is wrong and where, and ends with the verification's own exit code."""
    whole = shell.run("audit", "verify")
    assert whole.exit_code == 0
    assert whole.stdout == f"whole: 3 entries, root {'01' * 32}\n"
    project.report = torn
    result = shell.run("audit", "verify")
    assert result.exit_code == torn.exit_code
    assert result.exit_code >= 10, "apart from every other exit code"
    assert "entry_changed: entry 1 is not what was hashed (entry 1)" in result.stdout
    assert "NOT WHOLE: 2 findings in 3 entries" in result.stdout
    told = json.loads(shell.run("audit", "verify", "--json").stdout)
    assert (told["whole"], told["exit_code"], len(told["findings"])) == (False, torn.exit_code, 2)


def test_audit_verify_without_a_project(shell, project, tmp_path):
    """FILE and --key need no project around them."""
    (tmp_path / "metricgate.yaml").unlink()
    (tmp_path / "ledger.db").write_bytes(b"bytes")
    (tmp_path / "log.pub").write_text("key")
    result = shell.run("audit", "verify", "ledger.db", "--key", "log.pub", "--against", "old.txt")
    assert result.exit_code == 0, result.stderr
    assert project.asked == [("verify_file", b"bytes", "key", Path("old.txt"))]
    assert shell.run("audit", "verify", "ledger.db").exit_code == 2
    assert shell.run("audit", "verify", "--key", "log.pub").exit_code == 2
    missing = shell.run("audit", "verify", "none.db", "--key", "log.pub")
    assert missing.exit_code == 2
    assert "E_CLI_UNREADABLE_FILE" in missing.stderr


def test_version(shell):
    """--version prints the program's name and release."""
    assert shell.run("--version").stdout.startswith("metricgate ")


def test_every_code_is_documented():
    """docs/errors/cli.md has a section for every code of the command line."""
    page = (DOCS / "errors" / "cli.md").read_text(encoding="utf-8")
    assert all(f"## {code.name}\n" in page for code in CODES)
