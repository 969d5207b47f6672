"""Spark Structured Streaming: a Kafka topic of plain JSON in, three tables of Cassandra out.

One query feeds all three tables, for one query a table reads and parses every record three times. It
counts messages, as the streaming jobs of earlier systems did: no RSVP is taken back when it changes.
Totals are kept in Spark's own state, so the job may be killed and continues from its checkpoint.

    spark_stream.py BROKER TOPIC CASSANDRA_HOST CASSANDRA_PORT KEYSPACE CHECKPOINT JARS CORES BATCH PROGRESS [TRIGGER]

It reads the topic to where it ended at the start, in micro-batches of at most BATCH records, and writes
what Spark says of each batch to the file PROGRESS, one JSON object a line. With a TRIGGER ("1 second") it
makes a batch so often, until it is killed.
"""

import json
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

SCHEMA = "response STRING, event STRUCT<event_name: STRING>, group STRUCT<group_name: STRING, group_country: STRING>"

# Of each table: its name, and its key columns in the order of the counted keys.
TABLES = {
    "country_statistics": ["event_country"],
    "response_statistics": ["response"],
    "event_statistics": ["event_name", "group_name", "event_country", "response"],
}
KEYS = ["k1", "k2", "k3", "k4"]


def main():
    broker, topic, host, port, keyspace, checkpoint, jars, cores, batch, progress, *every = sys.argv[1:]
    trigger = {"processingTime": every[0]} if every else {"availableNow": True}
    spark = session(host, port, jars, cores)
    query = (
        counts(records(spark, broker, topic, batch))
        .writeStream.outputMode("update")
        .foreachBatch(lambda changed, _: write(changed, keyspace))
        .trigger(**trigger)
        .option("checkpointLocation", checkpoint)
        .start()
    )
    query.awaitTermination()
    with open(progress, "w") as out:
        for each in query.recentProgress:
            json.dump(each, out)
            out.write("\n")
    spark.stop()


def session(host, port, jars, cores):
    return (
        SparkSession.builder.master(f"local[{cores}]")
        .config("spark.jars", jars)
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        # One a core: with the default of 200, most of the time goes to tasks without work.
        .config("spark.sql.shuffle.partitions", cores)
        .config("spark.sql.streaming.numRecentProgressUpdates", "100000")
        .config("spark.cassandra.connection.host", host)
        .config("spark.cassandra.connection.port", port)
        .config("spark.driver.memory", "2g")
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )


def records(spark, broker, topic, batch):
    messages = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", broker)
        .option("subscribe", topic)
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", batch)
        .load()
    )
    parsed = messages.select(f.from_json(f.col("value").cast("string"), SCHEMA).alias("r"))
    return parsed.select(
        f.upper("r.group.group_country").alias("event_country"),
        "r.response",
        "r.event.event_name",
        "r.group.group_name",
    )


def counts(records):
    """One row a key of any table: (table, up to four key columns, count)."""
    keys = []
    for table, columns in TABLES.items():
        values = [f.col(column) for column in columns]
        values += [f.lit(None).cast("string")] * (len(KEYS) - len(values))
        keys.append(f.struct(f.lit(table).alias("t"), *[v.alias(k) for v, k in zip(values, KEYS)]))
    exploded = records.select(f.explode(f.array(*keys)).alias("key")).select("key.*")
    return exploded.groupBy("t", *KEYS).count()


def write(changed, keyspace):
    changed.persist()
    for table, columns in TABLES.items():
        rows = changed.where(f.col("t") == table).select(
            *[f.col(key).alias(column) for key, column in zip(KEYS, columns)],
            f.col("count").cast("int").alias("total_rsvps"),
        )
        rows.write.format("org.apache.spark.sql.cassandra").mode("append").options(
            keyspace=keyspace, table=table
        ).save()
    changed.unpersist()


main()
