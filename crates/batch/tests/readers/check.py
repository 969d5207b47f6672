"""Makes tables with the built programs, and holds them against plain Python and against what other programs read."""

import json
import pathlib
import sys
import time

import handmade
import lakes
import plain
import readers
from compare import Comparison, Differences
from schema import TABLES

STARTED = time.monotonic()


def say(what):
    print(f"{time.monotonic() - STARTED:6.1f} s  {what}", file=sys.stderr, flush=True)


def rows_of(folder):
    """All rows, with instants as microseconds; the tables are checked for what no reader shows."""
    reader = readers.DeltaPython(folder)
    rows = {table: reader.rows(table) for table in TABLES}
    for table, columns in TABLES.items():
        for number, column in enumerate(columns):
            values = {row[number] for row in rows[table]}
            assert column.is_nullable or None not in values, f"{table}.{column.name}: a null"
            assert all(value == value for value in values), f"{table}.{column.name}: NaN"
    return rows


def check_protocol(folder):
    for table, columns in TABLES.items():
        delta = readers.deltalake.DeltaTable(f"{folder}/{table}")
        protocol = delta.protocol()
        assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2), f"{table}: {protocol}"
        assert not protocol.reader_features and not protocol.writer_features, f"{table}: {protocol}"
        assert delta.metadata().partition_columns == [], table
        fields = [(field["name"], field["type"], field["nullable"], field["metadata"])
                  for field in json.loads(delta.schema().to_json())["fields"]]
        expected = [(column.name, column.kind, column.is_nullable, {}) for column in columns]
        assert fields == expected, f"{table}: {fields} is not {expected}"


def check_history(folder):
    """Files were written anew for changed rows, and once many small ones were joined: else less is shown than is said."""
    removed = []
    for commit in sorted(folder.glob("_delta_log/*.json")):
        actions = [json.loads(line) for line in commit.read_text().splitlines()]
        removed.append(sum("remove" in action for action in actions))
    assert sorted(filter(None, removed))[0] < 4 and max(removed) >= 7, f"files removed by each commit: {removed}"


def in_ms(rows):
    """Instants as the records have them."""
    found = {}
    for table, columns in TABLES.items():
        times = {number for number, column in enumerate(columns) if column.kind == "timestamp"}
        assert all(row[number] is None or row[number] % 1000 == 0 for row in rows[table] for number in times), table
        found[table] = [tuple(value // 1000 if number in times and value is not None else value
                              for number, value in enumerate(row)) for row in rows[table]]
    return found


class Checks:
    def __init__(self, job):
        self.programs = lakes.Programs(job["headcount"], job["batch"])
        self.folder = pathlib.Path(job["folder"])
        self.jars = job["jars"]
        self.recordings = [pathlib.Path(path) for path in job["recordings"]]
        self.read = {path: plain.records(path) for path in self.recordings}
        self.feeds = handmade.write(self.folder)
        self.spark = None

    def expected(self, files):
        """Plain Python's answer about recordings in the order of their arrival."""
        answer = plain.Plain(lakes.now())
        for file in files:
            for record in (self.read.get(file) or plain.records(file))[0]:
                answer.read(record)
        return answer

    def imports(self, data, files, *options):
        """Imports them; what was refused is what Python cannot read either."""
        out = self.programs.imports(data, files, *options)
        refused = sum(json.loads(out)["rejected"].values())
        damaged = sum((self.read.get(file) or plain.records(file))[1] for file in files)
        assert refused == damaged, f"{files}: {refused} refused, {damaged} damaged\n{out}"

    def made(self, name, pieces, *options):
        """A data folder whose tables were brought to the end of the journal after each piece."""
        data, begun = self.folder / name, lakes.now()
        for files in pieces:
            self.imports(data, files, *options)
            self.programs.tables(data)
        return data, (begun, lakes.now())

    def compared(self, what, data, pieces, imported, **more):
        rows = rows_of(data / "lake/tables")
        comparison = Comparison(what, in_ms(rows), self.expected(sum(pieces, [])), imported, **more)
        counts = comparison.check()
        say(f"{what}: {sum(counts.values())} rows are plain Python's")
        return rows

    def singles(self):
        for number, file in enumerate(self.recordings):
            pieces = [[file]]
            data, imported = self.made(f"single-{number}", pieces, "--keep-people")
            self.compared(file.name, data, pieces, imported)

    def masked(self):
        pieces = [self.recordings[:1]]
        data, imported = self.made("masked", pieces)
        self.compared("masked", data, pieces, imported, keeps_people=False)

    def all(self):
        """Everything, in pieces, so that rows are written anew and files compacted; then rebuilt."""
        pieces = [[file] for file in self.recordings + self.feeds]
        data, imported = self.made("all", pieces, "--keep-people")
        rows = self.compared("all", data, pieces, imported)
        check_protocol(data / "lake/tables")
        check_history(data / "lake/tables/events")
        self.others("all", data, rows)
        before = files_of(data)
        self.programs.tables(data, "rebuild")
        assert not before & files_of(data), "the tables that were rebuilt have files of the old ones"
        again = self.compared("rebuilt", data, pieces, imported)
        assert again == rows, "the tables that were rebuilt have other rows"
        check_protocol(data / "lake/tables")
        self.others("rebuilt", data, again, with_filters=False)

    def handmade(self):
        """The feeds in one piece. A comparison that finds nothing is worth something only if it can find something."""
        pieces = [self.feeds]
        data, imported = self.made("handmade", pieces, "--keep-people")
        rows = in_ms(self.compared("made by hand", data, pieces, imported))
        answer = self.expected(self.feeds)
        for table in TABLES:
            assert rows[table], f"nothing made by hand is in {table}"
            half = len(rows[table]) // 2
            one = list(rows[table][half])
            # When a record came is known only roughly.
            last = -2 if TABLES[table][-1].name == "received_at" else -1
            one[last] = one[last] + 1 if isinstance(one[last], (int, float)) else f"{one[last]}!"
            for wrong in (rows[table][:half] + [tuple(one)] + rows[table][half + 1:], rows[table][:-1],
                          rows[table] + rows[table][-1:]):
                try:
                    Comparison(table, {**rows, table: wrong}, answer, imported).check()
                except Differences:
                    continue
                raise AssertionError(f"a fault in {table} goes unseen")

    def others(self, what, data, rows, with_filters=True):
        folder = data / "lake/tables"
        if self.spark is None:
            self.spark = readers.Spark(self.jars, self.folder)
        filters = {table: readers.filters(table, rows[table]) if with_filters else [] for table in TABLES}
        for reader in (readers.DeltaPython(folder), readers.DeltaSql(folder), readers.DuckDb(folder),
                       readers.Polars(folder), self.spark.at(folder)):
            tried = 0
            for table in TABLES:
                name = f"{what}: {reader.name} reads {table}"
                assert_same(name, reader.rows(table), rows[table])
                some = [filter for filter in filters[table] if filter.kind in reader.kinds]
                for filter, found in zip(some, reader.filtered(table, some) if some else [], strict=True):
                    assert_same(f"{name} where {filter}", found, readers.kept(rows[table], table, filter))
                tried += len(some)
            say(f"{what}: {reader.name} reads the same rows, with {tried} filters")


def files_of(data):
    return {file for table in TABLES for file in readers.deltalake.DeltaTable(data / "lake/tables" / table).file_uris()}


def assert_same(what, found, expected):
    if found != expected:
        wrong = next((pair for pair in zip(found, expected) if pair[0] != pair[1]), None)
        raise AssertionError(f"{what}: {len(found)} rows, not {len(expected)}; {wrong}")


def main():
    checks = Checks(json.load(sys.stdin))
    checks.singles()
    checks.masked()
    checks.handmade()
    checks.all()
    checks.spark.stop()
    json.dump({}, sys.stdout)


main()
