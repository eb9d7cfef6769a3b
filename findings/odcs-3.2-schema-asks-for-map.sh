#!/usr/bin/env bash
# The JSON schema that ships with the Open Data Contract Standard 3.2.0 refuses a column without `logicalType`, and says 'map'.
#
# `logicalType` is optional in the standard, and the package's own model takes the column. The schema's condition for maps is
# also met where the key is absent, so the message names a property that nobody has heard of.
#
# Seen with open-data-contract-standard 3.2.0 and jsonschema 4.26.0. Needs python3. Exits 1 if it changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check open-data-contract-standard==3.2.0 jsonschema==4.26.0
cat > run.py <<'PY'
import importlib.resources
import json

import jsonschema
from open_data_contract_standard.model import OpenDataContractStandard

schema = json.loads((importlib.resources.files("open_data_contract_standard") / "schema.json").read_text())
check = jsonschema.validators.validator_for(schema)(schema)
for column in ({"name": "id", "physicalType": "BIGINT"}, {"name": "id", "physicalType": "BIGINT", "logicalType": "integer"}):
    contract = {
        "apiVersion": "v3.2.0", "kind": "DataContract", "id": "orders", "version": "1.0.0", "status": "active",
        "schema": [{"name": "orders", "properties": [column]}],
    }
    OpenDataContractStandard.from_string(json.dumps(contract))
    print(sorted(column), "->", [error.message for error in check.iter_errors(contract)] or "valid")
PY
python/bin/python run.py | tee seen.txt
grep -Fq "['name', 'physicalType'] -> [\"'map' is a required property\"]" seen.txt
grep -Fq "['logicalType', 'name', 'physicalType'] -> valid" seen.txt
