"""Reads a job from standard input: recordings, a folder and questions. Writes the tables of the recordings into the folder
as Parquet, and prints the answer of each question twice: as DuckDB runs the statement, and as loops in Python have it."""

import datetime
import decimal
import json
import os
import sys

import duckdb

import plain
from recordings import Tables

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def rows_of(tables):
    """The rows of each table."""
    return dict(
        categories=tables.categories.values(),
        topics=[dict(urlkey=key, name=name) for key, name in tables.topics.items()],
        venues=tables.venues.values(),
        members=tables.members.values(),
        groups=tables.groups.values(),
        group_topics=[dict(group_id=key, urlkey=topic) for key, group in tables.groups.items()
                      for topic in group["topics"]],
        events=tables.events.values(),
        rsvps=tables.rsvps.values(),
        rsvp_versions=tables.versions.values(),
        photos=tables.photos.values(),
        comments=tables.comments.values(),
    )


def write(db, folder, name, columns, rows):
    """A table as Parquet. `columns` have PostgreSQL's types; times come as ms since 1970."""
    file = os.path.join(folder, f"{name}.ndjson")
    with open(file, "w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps({column: row.get(column) for column in columns}) + "\n")
    types = {column: "bigint" if kind == "timestamptz" else kind for column, kind in columns.items()}
    listed = ", ".join(f"'{column}': '{kind}'" for column, kind in types.items())
    values = ", ".join(f"make_timestamptz({column} * 1000) AS {column}" if kind == "timestamptz" else column
                       for column, kind in columns.items())
    parquet = os.path.join(folder, f"{name}.parquet")
    db.execute(f"COPY (SELECT {values} FROM read_json('{file}', format = 'newline_delimited', columns = {{{listed}}}))"
               f" TO '{parquet}' (FORMAT parquet)")
    db.execute(f"CREATE VIEW {name} AS SELECT * FROM '{parquet}'")


def cell(value):
    if isinstance(value, datetime.datetime):
        return (value - EPOCH) // datetime.timedelta(microseconds=1)
    if isinstance(value, datetime.date):
        return (value - EPOCH.date()).days
    if isinstance(value, decimal.Decimal):
        return float(value)
    return value


def main():
    job = json.load(sys.stdin)
    tables = Tables().read(job["recordings"])
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    rows = rows_of(tables)
    for name, columns in job["tables"].items():
        write(db, job["folder"], name, columns, rows[name])
    answers = []
    for question in job["questions"]:
        by_sql = [[cell(value) for value in row] for row in db.execute(question["sql"]).fetchall()]
        chosen = plain.Chosen(tables, question["filters"])
        answers.append(dict(duckdb=by_sql, plain=plain.ANALYSES[question["name"]](chosen)))
    json.dump(answers, sys.stdout)


main()
