"""Spark Structured Streaming, local to this machine."""

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import answers
import lab
from processes import Program

HERE = Path(__file__).resolve().parent
TABLES = [
    "country_statistics (event_country text PRIMARY KEY, total_rsvps int)",
    "response_statistics (response text PRIMARY KEY, total_rsvps int)",
    "event_statistics (event_name text, group_name text, event_country text, response text,"
    " total_rsvps int, PRIMARY KEY (event_name, response))",
]
COPIES = "{'class': 'SimpleStrategy', 'replication_factor': 1}"


class Spark:
    """A job that reads a topic into a keyspace: to where the topic ends, or with a trigger until it is stopped."""

    # One more per message: an RSVP that changes is counted twice.
    event_rows = staticmethod(answers.event_messages)
    partitions = workers = None
    # The bench makes its tables, before it starts.
    tables_s = 0.0

    def __init__(self, args, kafka, topic, store, session, keyspace, folder, trigger=None):
        self.name = "Spark"
        session.execute(f"CREATE KEYSPACE {keyspace} WITH replication = {COPIES}")
        for table in TABLES:
            session.execute(f"CREATE TABLE {keyspace}.{table}")
        self.progress = folder / "progress.ndjson"
        command = [sys.executable, HERE / "peers" / "spark_stream.py", f"127.0.0.1:{kafka.port}", topic]
        command += ["127.0.0.1", store.port, keyspace, folder / "checkpoint", jars()]
        command += [args.cores, args.batch, self.progress, *([trigger] if trigger else [])]
        self.command, self.folder = command, folder

    def start(self):
        environment = {**os.environ, "SPARK_LOCAL_DIRS": str(self.folder), "PYSPARK_PYTHON": sys.executable}
        environment["SPARK_LOCAL_IP"] = "127.0.0.1"
        self.programs = [Program(self.command, self.folder / "log", environment)]

    def progressed(self):
        """Spark tells of its batches when it has ended."""

    def finish(self):
        """Lets it end by itself; returns steady records/s."""
        (program,) = self.programs
        program.process.wait()
        program.check()
        batches = [json.loads(line) for line in self.progress.read_text().splitlines()]
        return steady([batch for batch in batches if batch["numInputRows"]])


def steady(batches):
    """Records/s of the later half of the batches, by Spark's own clock: the first ones also pay for compiling."""
    later = batches[len(batches) // 2 :]
    begun = [datetime.fromisoformat(batch["timestamp"].replace("Z", "+00:00")) for batch in later]
    seconds = (begun[-1] - begun[0]).total_seconds() + later[-1]["durationMs"]["triggerExecution"] / 1000
    return sum(batch["numInputRows"] for batch in later) / seconds


def jars():
    folder = lab.CACHE / "spark-jars-3.5.7"
    if not folder.is_dir():
        lab.say(f"fetching what Spark reads Kafka and writes Cassandra with into {folder} ...")
        partial = lab.CACHE / "spark-jars.partial"
        command = ["mvn", "-q", "-B", "-f", HERE / "peers" / "pom.xml", "dependency:copy-dependencies"]
        command += ["-DincludeScope=runtime", f"-DoutputDirectory={partial}"]
        subprocess.run(command, check=True)
        partial.rename(folder)
    return ",".join(str(jar) for jar in sorted(folder.glob("*.jar")))
