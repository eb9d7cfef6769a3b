"""Export every project of the repository to Ossie and let azem validate it: ``python -m conformance.ossie``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from conformance.environments import environment
from metricgate.documents.yaml_writer import to_yaml
from metricgate.exporting.definitions import Exported
from metricgate.exporting.ossie import export_ossie
from metricgate.vocabulary.json import Json

REPOSITORY = Path(__file__).resolve().parent.parent.parent
AZEM = "azem==0.2.0"


def projects() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the name and the model files of the default project and of each example."""
    for folder in (REPOSITORY / "semantic_models", *sorted(REPOSITORY.glob("examples/*/semantic_models"))):
        texts = [(path.name, path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.yaml"))]
        if texts:
            yield folder.parent.name if folder.parent != REPOSITORY else "default", texts


def broken(document: dict[str, Json]) -> Iterator[tuple[str, dict[str, Json]]]:
    """Yield documents that a validator must refuse, so that its yes means something."""
    yield "without datasets", {key: value for key, value in document.items() if key != "datasets"}
    yield "in a wrapper", {"version": document["version"], "semantic_model": [document]}
    yield "with a key of ours", {**document, "owner": "sales"}


def main() -> int:
    """Print a line for each document; return 1 where the validator's word is not the one wanted."""
    azem = environment("azem", AZEM) / "azem"
    wrong = asked = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, texts in projects():
            found = export_ossie(texts, name=name)
            if not isinstance(found, Exported):
                print(f"{name}: not exported: {found}")
                wrong += 1
                continue
            document = dict(next(iter(found.files.values())))
            cases = [("as exported", document, True), *((why, each, False) for why, each in broken(document))]
            for why, each, valid in cases:
                path = Path(folder) / "model.yaml"
                path.write_text(to_yaml(each), encoding="utf-8")
                command = [azem, "validate", path]
                done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- our own file
                asked += 1
                good = (done.returncode == 0) == valid
                wrong += not good
                said = "valid" if done.returncode == 0 else "refused"
                print(f"{name}, {why}: {said}{'' if good else ' (wrong)'}")
                if not good:
                    print(done.stdout + done.stderr)
    print(f"{AZEM}: {asked - wrong} of {asked} as wanted")
    return 1 if wrong or not asked else 0


if __name__ == "__main__":
    sys.exit(main())
