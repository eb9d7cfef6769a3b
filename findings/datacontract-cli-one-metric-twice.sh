#!/usr/bin/env bash
# datacontract-cli cannot check one quality metric twice on one column (say an absolute bound and a share): both fail.
#
# The checks are put into one SELECT under a name made of table, column and metric, so the same metric twice is a duplicate
# column name. The data is clean and both rules hold; the run says the contract is broken.
#
# Seen with datacontract-cli 1.2.8 (DuckDB 1.5.6). Needs python3. Exits 1 if it changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check 'datacontract-cli[duckdb]==1.2.8' duckdb==1.5.6
printf 'id,amount\n1,5\n2,7\n' > orders.csv
contract() {
  cat <<'YAML'
apiVersion: v3.1.0
kind: DataContract
id: orders
version: 1.0.0
status: active
servers:
  - {server: here, type: local, path: ./orders.csv, format: csv}
schema:
  - name: orders
    logicalType: object
    properties:
      - {name: id, logicalType: integer, physicalType: BIGINT}
      - name: amount
        logicalType: integer
        physicalType: BIGINT
        quality:
          - {metric: nullValues, mustBe: 0}
YAML
}
contract > once.yaml
{ contract; echo '          - {metric: nullValues, mustBeLessThan: 5, unit: percent}'; } > twice.yaml
for file in once twice; do
  code=0; COLUMNS=300 python/bin/datacontract test $file.yaml > $file.txt 2>&1 || code=$?
  echo "$file: exit $code"; grep -o "Duplicate column name '[a-z_]*' in result set" $file.txt | head -1 || true
  echo "$code" > $file.code
done
[ "$(cat once.code)" = 0 ] && [ "$(cat twice.code)" != 0 ]
grep -q "Duplicate column name 'orders__amount__field_null_values'" twice.txt
