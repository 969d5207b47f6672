#!/usr/bin/env bash
# deltalake 1.6.6: a filter on to_pyarrow_dataset() loses rows of files without statistics for its column.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check deltalake==1.6.6 pyarrow==26.0.1
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
# The Delta protocol lets a writer leave out the statistics of any column: "add" actions may have none at all, and
# writers collect them for the first 32 columns only. What is not known cannot rule a file out.
import json
import pathlib
import sys

import pyarrow
import pyarrow.dataset
from deltalake import DeltaTable, QueryBuilder, write_deltalake

folder = pathlib.Path(sys.argv[1]) / "table"
write_deltalake(str(folder), pyarrow.table({"id": [1, 2, 3], "note": ["a", None, "c"]}))

# The same commit without statistics of the column `note`.
[commit] = (folder / "_delta_log").glob("*.json")
actions = [json.loads(line) for line in commit.read_text().splitlines()]
for action in actions:
    if "add" in action:
        statistics = json.loads(action["add"]["stats"])
        for kind in ("minValues", "maxValues", "nullCount"):
            statistics[kind].pop("note", None)
        action["add"]["stats"] = json.dumps(statistics)
commit.write_text("".join(json.dumps(action) + "\n" for action in actions))

table = DeltaTable(str(folder))
note = pyarrow.dataset.field("note")
ids = lambda rows: [row["id"] for row in rows.to_pylist()]
dataset = table.to_pyarrow_dataset()
found = {
    "no filter": ids(dataset.to_table()),
    "note = 'a'": ids(dataset.to_table(filter=note == "a")),
    "note is null": ids(dataset.to_table(filter=note.is_null())),
}
sql = QueryBuilder().register("t", table).execute("SELECT id FROM t WHERE note = 'a'")
found["SQL, note = 'a'"] = ids(pyarrow.table(sql.read_all()))
for what, rows in found.items():
    print(f"{what}: {rows}")
seen = {"no filter": [1, 2, 3], "note = 'a'": [], "note is null": [], "SQL, note = 'a'": [1]}
sys.exit("this has changed" if found != seen else 0)
PYTHON
