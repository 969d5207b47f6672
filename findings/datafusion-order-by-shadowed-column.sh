#!/usr/bin/env bash
# DataFusion 55: ORDER BY table.column fails when an expression of the answer has the column's name as its alias.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check datafusion==55.0.0 pyarrow==26.0.1
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
# In PostgreSQL a qualified name in ORDER BY is the table's column; only an unqualified one may be an alias of the answer.
import sys

from datafusion import SessionContext

context = SessionContext()
context.sql("CREATE TABLE e AS SELECT 'x' AS id, TIMESTAMP '2020-01-01' AS time").collect()
errors = {}
for alias in ("seconds", "time"):
    sql = f"SELECT extract(epoch FROM e.time) AS {alias} FROM e ORDER BY e.time"
    try:
        context.sql(sql).collect()
        errors[alias] = None
    except Exception as error:
        errors[alias] = str(error)
    print(f"AS {alias}: {errors[alias] or 'answered'}")
is_as_seen = errors["seconds"] is None and "ambiguous" in (errors["time"] or "")
sys.exit(0 if is_as_seen else "this has changed")
PYTHON
