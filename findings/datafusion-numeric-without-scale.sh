#!/usr/bin/env bash
# DataFusion 55: numeric without precision and scale is decimal(38, 10), where PostgreSQL keeps every digit.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check datafusion==55.0.0 pyarrow==26.0.1
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
# In PostgreSQL `numeric` alone coerces to no particular scale, so 0.123456789012345::numeric keeps its 15 digits.
# Here the rest is cut off without an error, and a number does not equal itself.
import sys

from datafusion import SessionContext

context = SessionContext()
ask = lambda sql: str(context.sql(sql).collect()[0].column(0)[0].as_py())
found = {
    "type": ask("SELECT arrow_typeof(0.5::numeric)"),
    "0.123456789012345::numeric": ask("SELECT 0.123456789012345::numeric"),
    "'0.123456789012345'::numeric = '0.1234567890'::numeric": ask(
        "SELECT '0.123456789012345'::numeric = '0.1234567890'::numeric"
    ),
}
for what, value in found.items():
    print(f"{what}: {value}")
seen = ["Decimal128(38, 10)", "0.1234567890", "True"]
sys.exit("this has changed" if list(found.values()) != seen else 0)
PYTHON
