"""What other programs read from the tables: each gives all rows, and those that a filter keeps.

A row is a tuple in the order of the columns, with instants as microseconds since 1970.
"""

import datetime
import importlib.metadata
import os
import pathlib

import deltalake
import duckdb
import polars
import pyarrow
import pyarrow.dataset

from schema import TABLES

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)


class Filter:
    """`is`: the column has the value; `from`: at least the first value and less than the second; `null`."""

    def __init__(self, column, kind, *values):
        self.column, self.kind, self.values = column, kind, values

    def keeps(self, value):
        if self.kind == "null" or value is None:
            return self.kind == "null" and value is None
        return value == self.values[0] if self.kind == "is" else self.values[0] <= value < self.values[1]

    def typed(self):
        """The values as Python's own."""
        if self.column.kind != "timestamp":
            return self.values
        return [EPOCH + MICROSECOND * value for value in self.values]

    def __repr__(self):
        return f"{self.column.name} {self.kind} {self.values}"


def filters(table, rows):
    """For each column: null, the greatest value, and a range that keeps about a third."""
    found = []
    for number, column in enumerate(TABLES[table]):
        values = sorted({row[number] for row in rows} - {None})
        found.append(Filter(column, "null"))
        if values:
            count = len(values)
            found.append(Filter(column, "is", values[-1]))
            found.append(Filter(column, "from", values[count // 3], values[2 * count // 3]))
    return found


def kept(rows, table, filter):
    at = TABLES[table].index(filter.column)
    return sorted((row for row in rows if filter.keeps(row[at])), key=order)


def order(row):
    return tuple((value is not None, value) for value in row)


def plain(rows):
    """Rows with instants as microseconds, in order."""
    instant = lambda value: (value - EPOCH) // MICROSECOND if isinstance(value, datetime.datetime) else value
    return sorted((tuple(map(instant, row)) for row in rows), key=order)


def literal(value):
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, datetime.datetime):
        return f"arrow_cast('{value.isoformat()}', 'Timestamp(Microsecond, Some(\"UTC\"))')"
    return repr(value)


def arrow_rows(table):
    columns = [column.cast(pyarrow.int64()) if pyarrow.types.is_timestamp(column.type) else column
               for column in table.columns]
    return sorted(zip(*(column.to_pylist() for column in columns)), key=order)


def condition(filter, write):
    """The filter in SQL, with values as `write` writes them."""
    name, values = f'"{filter.column.name}"', [write(value) for value in filter.typed()]
    if filter.kind == "null":
        return f"{name} IS NULL"
    return f"{name} = {values[0]}" if filter.kind == "is" else f"{name} >= {values[0]} AND {name} < {values[1]}"


class Reader:
    # The kinds of filters that are tried.
    kinds = ("is", "null", "from")


class DeltaPython(Reader):
    """The package `deltalake`: its data set for Arrow."""

    name = "deltalake's data set"

    def __init__(self, folder):
        self.sets = {table: deltalake.DeltaTable(f"{folder}/{table}").to_pyarrow_dataset() for table in TABLES}

    def rows(self, table):
        return arrow_rows(self.sets[table].to_table())

    def filtered(self, table, filters):
        return [arrow_rows(self.sets[table].to_table(filter=self.expression(filter))) for filter in filters]

    def expression(self, filter):
        field = pyarrow.dataset.field(filter.column.name)
        if filter.kind == "null":
            return field.is_null()
        kind = {"timestamp": pyarrow.timestamp("us", "UTC"), "integer": pyarrow.int32()}.get(filter.column.kind)
        values = [pyarrow.scalar(value, kind) for value in filter.typed()]
        return field == values[0] if filter.kind == "is" else (field >= values[0]) & (field < values[1])


class DeltaSql(Reader):
    """The package `deltalake`: its SQL."""

    name = "deltalake's SQL"

    def __init__(self, folder):
        self.builder = deltalake.QueryBuilder()
        for table in TABLES:
            self.builder.register(table, deltalake.DeltaTable(f"{folder}/{table}"))

    def rows(self, table, where=""):
        columns = ", ".join(f'"{column.name}"' for column in TABLES[table])
        found = self.builder.execute(f"SELECT {columns} FROM {table} {where}").read_all()
        return arrow_rows(pyarrow.table(found))

    def filtered(self, table, filters):
        return [self.rows(table, "WHERE " + condition(filter, literal)) for filter in filters]


class DuckDb(Reader):
    name = "DuckDB"

    def __init__(self, folder):
        self.folder = folder
        self.connection = duckdb.connect(config={"autoinstall_known_extensions": "false",
                                                 "autoload_known_extensions": "false", "threads": "2"})
        for name in ("delta", "httpfs"):
            self.connection.execute(f"LOAD '{extension(name)}'")
        self.connection.execute("SET TimeZone = 'UTC'")

    def rows(self, table, where="", values=()):
        return plain(self.connection.execute(
            f"SELECT * FROM delta_scan('{self.folder}/{table}') {where}", list(values)).fetchall())

    def filtered(self, table, filters):
        return [self.rows(table, "WHERE " + condition(filter, lambda _: "?"), filter.typed()) for filter in filters]


def extension(name):
    """The file in its package: nothing is downloaded."""
    files = importlib.metadata.files(f"duckdb-extension-{name}")
    return next(file.locate() for file in files if file.name.endswith(f"{name}.duckdb_extension"))


class Polars(Reader):
    name = "Polars"

    def __init__(self, folder):
        self.frames = {table: polars.scan_delta(f"{folder}/{table}") for table in TABLES}

    def rows(self, table):
        return plain(self.frames[table].collect().rows())

    def filtered(self, table, filters):
        return [plain(self.frames[table].filter(self.expression(filter)).collect().rows()) for filter in filters]

    def expression(self, filter):
        column = polars.col(filter.column.name)
        if filter.kind == "null":
            return column.is_null()
        values = filter.typed()
        return column == values[0] if filter.kind == "is" else (column >= values[0]) & (column < values[1])


class Spark(Reader):
    """Spark 3.5 with Delta's jars: one session for all."""

    name = "Spark"
    # Each filter costs it a third of a second; statistics that are wrong for a range are wrong for the greatest value.
    kinds = ("is", "null", "from") if os.environ.get("HEADCOUNT_TESTS") == "full" else ("is", "null")

    def __init__(self, jars, scratch):
        os.environ.update(SPARK_LOCAL_IP="127.0.0.1", TZ="UTC", SPARK_LOCAL_DIRS=str(scratch))
        from pyspark.sql import SparkSession
        settings = {
            "spark.driver.extraClassPath": ":".join(sorted(map(str, pathlib.Path(jars).glob("*.jar")))),
            "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
            "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
            "spark.databricks.delta.snapshotPartitions": "1",
            "spark.sql.shuffle.partitions": "1",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.warehouse.dir": str(scratch),
            "spark.driver.memory": "1g",
            # Hundreds of statements over a few thousand rows: compiling each would take minutes.
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
        }
        builder = SparkSession.builder.master("local[2]").appName("readers")
        for name, value in settings.items():
            builder = builder.config(name, value)
        self.session = builder.getOrCreate()
        self.session.sparkContext.setLogLevel("ERROR")

    def at(self, folder):
        self.frames = {table: self.session.read.format("delta").load(f"{folder}/{table}") for table in TABLES}
        return self

    def rows(self, table):
        return self.collect(self.frames[table])[0]

    def filtered(self, table, filters):
        """All in one job, for each has its price; each is pushed down on its own."""
        from pyspark.sql import functions
        parts = [self.frames[table].filter(self.expression(filter)).withColumn("filter", functions.lit(number))
                 for number, filter in enumerate(filters)]
        joined = parts[0]
        for part in parts[1:]:
            joined = joined.union(part)
        return self.collect(joined, len(filters))

    def collect(self, frame, count=1):
        """By the number of the filter, if there is one. Instants as whole microseconds, which no zone of time moves."""
        from pyspark.sql import functions
        for name, kind in frame.dtypes:
            if kind == "timestamp":
                frame = frame.withColumn(name, functions.unix_micros(functions.col(name)))
        found = [[] for _ in range(count)]
        for row in frame.collect():
            found[row["filter"] if "filter" in frame.columns else 0].append(
                tuple(row[:len(frame.columns) - ("filter" in frame.columns)]))
        return [sorted(rows, key=order) for rows in found]

    def expression(self, filter):
        from pyspark.sql import functions
        column = functions.col(filter.column.name)
        if filter.kind == "null":
            return column.isNull()
        # Values of instants as well: Python's would be read in the zone of the machine.
        instant = lambda value: functions.timestamp_micros(functions.lit(value))
        values = [instant(value) if filter.column.kind == "timestamp" else functions.lit(value)
                  for value in filter.values]
        return column == values[0] if filter.kind == "is" else (column >= values[0]) & (column < values[1])

    def stop(self):
        self.session.stop()
