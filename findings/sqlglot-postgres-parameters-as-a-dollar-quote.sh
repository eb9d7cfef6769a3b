#!/usr/bin/env bash
# sqlglot cannot read PostgreSQL's numbered parameters without a space between them: `$1,$2` is a TokenError.
#
# It takes `$1,$` for the opening tag of a dollar-quoted text. A tag has the form of a name: it holds no comma and does
# not begin with a digit, and PostgreSQL reads two parameters. With a space after the comma the same text is read.
#
# Seen with sqlglot 30.30.0. Needs python3. Exits 1 if it changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check sqlglot==30.30.0
cat > run.py <<'PY'
import sqlglot

for text in ("SELECT f($1,$2)", "SELECT f($1, $2)"):
    try:
        print(text, "->", sqlglot.parse_one(text, read="postgres").sql("postgres"))
    except sqlglot.errors.TokenError as error:
        print(text, "-> TokenError:", str(error).splitlines()[0])
PY
python/bin/python run.py | tee seen.txt
grep -qF 'SELECT f($1,$2) -> TokenError' seen.txt
grep -qF 'SELECT f($1, $2) -> SELECT F($1, $2)' seen.txt
