"""What is compared: each engine reads the topic to its end and writes the tables of one keyspace."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import lab

HERE = Path(__file__).resolve().parent


class Spark:
    """Structured Streaming, local to this machine."""

    name = "Spark Structured Streaming"
    # One more per message: an RSVP that changes is counted twice.
    counts = "messages"
    tables = [
        "CREATE TABLE country_statistics (event_country text PRIMARY KEY, total_rsvps int)",
        "CREATE TABLE response_statistics (response text PRIMARY KEY, total_rsvps int)",
        "CREATE TABLE event_statistics (event_name text, group_name text, event_country text, response text,"
        " total_rsvps int, PRIMARY KEY (event_name, response))",
    ]

    def __init__(self, args):
        self.args = args
        self.jars = spark_jars()

    def run(self, kafka, topic, cassandra, keyspace, folder):
        """Runs to the end of the topic. Returns seconds, processor seconds, peak memory and batches."""
        progress = folder / "progress.ndjson"
        command = [sys.executable, HERE / "peers" / "spark_stream.py", f"127.0.0.1:{kafka.port}", topic]
        command += ["127.0.0.1", cassandra.port, keyspace, folder / "checkpoint", self.jars]
        command += [self.args.cores, self.args.batch, progress]
        environment = {**os.environ, "SPARK_LOCAL_DIRS": str(folder), "PYSPARK_PYTHON": sys.executable}
        environment["SPARK_LOCAL_IP"] = "127.0.0.1"
        measured = measure(list(map(str, command)), environment, folder / "log")
        batches = [json.loads(line) for line in progress.read_text().splitlines()]
        return {**measured, "batches": [batch for batch in batches if batch["numInputRows"]]}


# The other side of this bench joins here when headcount reads topics and writes these tables.
ENGINES = {"spark": Spark}


def spark_jars():
    folder = lab.CACHE / "spark-jars-3.5.7"
    if not folder.is_dir():
        lab.say(f"fetching what Spark reads Kafka and writes Cassandra with into {folder} ...")
        partial = lab.CACHE / "spark-jars.partial"
        command = ["mvn", "-q", "-B", "-f", HERE / "peers" / "pom.xml", "dependency:copy-dependencies"]
        command += ["-DincludeScope=runtime", f"-DoutputDirectory={partial}"]
        subprocess.run(command, check=True)
        partial.rename(folder)
    return ",".join(str(jar) for jar in sorted(folder.glob("*.jar")))


def measure(command, environment, log):
    """Runs a command; peak memory is that of its largest process (a Python only starts the Java that works)."""
    with open(log, "w+") as out:
        started = time.monotonic()
        tied = ["setpriv", "--pdeathsig", "KILL", *command]
        process = subprocess.Popen(tied, env=environment, stdout=out, stderr=out)
        peaks = {}
        while process.poll() is None:
            peaks.update({pid: peak for pid in family(process.pid) if (peak := peak_mb(pid))})
            time.sleep(0.1)
        wall = time.monotonic() - started
    if process.returncode:
        lab.fail(f"{command[1]} ended with {process.returncode}:\n{Path(log).read_text()[-3000:]}")
    return {"wall": wall, "peak_mb": max(peaks.values())}


def family(root):
    """A process and its descendants."""
    found = [root]
    for pid in found:
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        except OSError:
            continue
        found += map(int, children.split())
    return found


def peak_mb(pid):
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) / 1024 if lines else None
