"""``metricgate diff`` on a real git repository, and ``metricgate lint`` on real files."""

import json
import subprocess

import pytest
from typer.testing import CliRunner

from metricgate.adapters.state.sqlite.ledger_files import verify_ledger
from metricgate.bootstrap.project import open_project
from metricgate.surfaces.cli import build_app

WHO = ("-c", "user.name=Ana", "-c", "user.email=ana@acme.example", "-c", "commit.gpgsign=false")


@pytest.fixture
def repository(tmp_path):
    """A project in a folder of a repository, with one commit tagged `first`."""
    folder = tmp_path / "repository" / "analytics"
    app = build_app(open_project, verify_ledger)

    def run(*arguments):
        return CliRunner().invoke(app, list(arguments), env={"METRICGATE_PROJECT": str(folder)})

    def git(*arguments):
        subprocess.run(["git", "-C", str(folder), *WHO, *arguments], check=True, capture_output=True)

    assert run("init", str(folder)).exit_code == 0
    git("init", "-q", str(folder.parent))
    git("add", ".")
    git("commit", "-q", "-m", "first")
    git("tag", "first")
    run.folder, run.git, run.model = folder, git, folder / "semantic_models" / "sales.yaml"
    return run


def test_no_change(repository):
    """Right after the commit the working tree differs in nothing."""
    result = repository("diff", "first")
    assert (result.exit_code, result.stdout) == (0, "no change; breaking: 0\n")


def test_a_changed_formula(repository):
    """Between a tag and the working tree: exit code 3, the reason, and the SQL of both sides."""
    repository.model.write_text(repository.model.read_text().replace("expr: amount", "expr: amount * 2"))
    result = repository("diff", "first")
    assert result.exit_code == 3
    assert "breaking: expression was amount, is amount * 2" in result.stdout
    assert "-  SUM(orders.amount)" in result.stdout.replace("FILTER", "")
    assert repository.git("commit", "-qam", "second") is None
    again = repository("diff", "first", "HEAD", "--json")
    assert again.exit_code == 3
    document = json.loads(again.stdout)
    assert document["breaking"] is True
    assert "sales.revenue" in {each["name"] for each in document["changes"]}
    assert repository("diff", "HEAD").exit_code == 0
    assert repository("diff", "HEAD~1", "HEAD").exit_code == 3


def test_words_alone_leave_with_0(repository):
    """A description changes no meaning."""
    text = repository.model.read_text()
    repository.model.write_text(text.replace("description: ", "description: Really ", 1))
    assert repository("diff", "first").exit_code == 0


def test_two_folders(repository, tmp_path):
    """Folders need no git at all."""
    other = tmp_path / "other"
    assert repository("init", str(other)).exit_code == 0
    assert repository("diff", str(repository.folder), str(other)).exit_code == 0


@pytest.mark.parametrize("name", ["no-such", "--output=owned", "-h", "first:semantic_models", "HEAD^{tree}"])
def test_what_is_no_revision(repository, name):
    """A name that git does not know as a commit is refused, and is never an option of git."""
    result = repository("diff", "--", name)
    assert result.exit_code == 3
    assert "E_NO_SUCH_REVISION" in result.stderr
    assert not (repository.folder / "owned").exists()


def test_definitions_that_do_not_load(repository):
    """A revision whose definitions have problems is told with their places."""
    repository.model.write_text("metrics: [{name: x}]\n")
    result = repository("diff", "first")
    assert result.exit_code == 3
    assert "The definitions of the working tree do not load" in result.stderr
    assert "semantic_models/sales.yaml:1:" in result.stderr


def test_outside_a_repository(tmp_path):
    """Without a repository git's own words come back."""
    app = build_app(open_project, verify_ledger)
    folder = tmp_path / "alone"
    assert CliRunner().invoke(app, ["init", str(folder)]).exit_code == 0
    result = CliRunner().invoke(app, ["diff", "HEAD", "--project", str(folder)])
    assert result.exit_code == 3
    assert "E_GIT_FAILED" in result.stderr


def test_lint_finds_and_fixes(repository):
    """`--fix` corrects the file and says so; what is left is told with its place and exit code 3."""
    clean = repository("lint")
    assert (clean.exit_code, clean.stdout) == (0, "0 findings\n"), clean.output
    extra = repository.folder / "semantic_models" / "extra.yaml"
    extra.write_text(
        "# ours\nmetrics:\n  - name: gross\n    type: derived\n    expr: r\n    owner: ana@acme.example\n"
        "    input_metrics: [{name: sales.revenue, alias: r}]\n    synonyms: [order_count, gross, brutto]\n"
    )
    found = repository("lint")
    assert found.exit_code == 3
    assert "2 findings; 2 can be fixed with --fix" in found.stdout
    fixed = repository("lint", "--fix", "--json")
    assert fixed.exit_code == 3
    document = json.loads(fixed.stdout)
    assert document["fixed"] == ["semantic_models/extra.yaml"]
    assert [(each["code"], each["fixable"]) for each in document["findings"]] == [("E_LINT_NO_DESCRIPTION", False)]
    assert document["findings"][0]["where"]["line"] == 3
    assert extra.read_text().startswith("# ours\n")
    assert extra.read_text().endswith("    synonyms: [brutto]\n")
