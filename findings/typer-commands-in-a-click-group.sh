#!/usr/bin/env bash
# A typer application that is added to a click group runs, and each mistake of its user ends in a traceback.
#
# typer carries a click of its own, so its usage errors and exits are no longer click's: `main people helo`, a missing argument,
# `typer.BadParameter` and even `main people --help` leave with exit code 1 and a stack trace, where click has code 2 and a line
# (0 for the help, which is printed first). Commands that are typed rightly work, so tests of these notice nothing.
#
# Seen with typer 0.29.2 and click 8.5.1; with typer 0.15.4 and click 8.1.8 the same program answers as expected. Needs python3.
# Exits 1 if it changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
cat > main.py <<'PY'
import click
import typer

people = typer.Typer()


@people.command()
def hello(name: str) -> None:
    typer.echo(f"hello {name}")


@people.command()
def bye(name: str) -> None:
    raise typer.BadParameter(f"{name} is not here")


@click.group()
def main() -> None: ...


main.add_command(typer.main.get_command(people), "people")
main()
PY
for pins in "typer==0.15.4 click==8.1.8" "typer==0.29.2 click==8.5.1"; do
  rm -rf python; python3 -m venv python
  # shellcheck disable=SC2086
  python/bin/pip install --quiet --disable-pip-version-check $pins
  for words in "hello ana" "helo ana" "hello" "bye ana" "--help"; do
    code=0; python/bin/python main.py people $words >out.txt 2>&1 || code=$?
    trace=$(grep -c '^Traceback' out.txt || true)
    echo "$pins | people $words | exit $code, tracebacks $trace" | tee -a seen.txt
  done
done
test "$(grep '0.15.4' seen.txt | grep -c 'tracebacks 0')" = 5
grep -q '0.29.2 .*| people hello ana | exit 0, tracebacks 0' seen.txt
test "$(grep '0.29.2' seen.txt | grep -cE 'exit 1, tracebacks [1-9]')" = 4
