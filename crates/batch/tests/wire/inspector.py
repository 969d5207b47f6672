"""What SQLAlchemy's inspector finds, and what pandas reads."""

import json
import sys

import pandas
from sqlalchemy import MetaData, create_engine, inspect, text

job = json.load(sys.stdin)
engine = create_engine(f"postgresql+psycopg://headcount@127.0.0.1:{job['port']}/headcount")
inspector = inspect(engine)
tables = job["tables"]


def by_name(items):
    return sorted(items, key=lambda item: item["name"])


def columns(table):
    return [
        {key: str(value) for key, value in column.items() if key != "comment"}
        for column in inspector.get_columns(table)
    ]


metadata = MetaData()
metadata.reflect(engine, only=tables)
assert sorted(metadata.tables) == sorted(tables)
assert inspector.has_table("rsvps") and not inspector.has_table("nowhere")
with engine.connect() as connection:
    counted = pandas.read_sql(text("SELECT count(*) AS n FROM rsvps WHERE response <> :other"), connection, params={"other": "x"})
    times = pandas.read_sql("SELECT mtime, guests FROM rsvps", connection, parse_dates=["mtime"])
    # Without rows pandas knows no time zone.
    assert times.empty or "UTC" in str(times["mtime"].dtype), times.dtypes
    read = pandas.read_sql_table("rsvps", connection)
answer = {
    "schemas": [name for name in inspector.get_schema_names() if name == "public"],
    "tables": sorted(inspector.get_table_names()),
    "views": sorted(inspector.get_view_names()),
    "columns": {table: columns(table) for table in tables},
    "keys": {table: {**inspector.get_pk_constraint(table), "comment": None} for table in tables},
    "references": {table: by_name(inspector.get_foreign_keys(table)) for table in tables},
    "uniques": {table: inspector.get_unique_constraints(table) for table in tables},
    "checks": {table: inspector.get_check_constraints(table) for table in tables},
    "indexes": {table: inspector.get_indexes(table) for table in tables},
    "read_sql": int(counted["n"][0]),
    "read_table": len(read),
}
json.dump(answer, sys.stdout, default=str)
