"""headcount on Kafka and Cassandra: a topic into tables by one process, or a journal into tables by several."""

import json
import os
import subprocess
import time

import cassandra
import cassandra.cluster

import answers
import lab
import servers
from processes import Program

# With fewer writes to the tables than this there is no steady part.
STEPS = 8


def program():
    """HEADCOUNT_PROGRAM, or a release build of this clone with all engines."""
    given = os.environ.get("HEADCOUNT_PROGRAM")
    if given:
        return given
    lab.say("building headcount with all engines ...")
    build = ["cargo", "build", "--release", "--package", "headcount", "--features", "cluster", "--bin", "headcount"]
    build += ["--message-format", "json-render-diagnostics"]
    output = subprocess.run(build, cwd=lab.CLONE, check=True, stdout=subprocess.PIPE).stdout
    found = [message["executable"] for line in output.splitlines() if (message := json.loads(line)).get("executable")]
    return found[-1] if found else lab.fail("cargo built no executable")


class Journal:
    """A journal in Kafka: topics whose names begin with its own."""

    def __init__(self, kafka, name, partitions):
        self.kafka, self.name, self.partitions = kafka, name, partitions
        self.address = f"kafka://127.0.0.1:{kafka.port}/{name}"

    def fill(self, headcount, source, folder):
        """Imports a file; returns seconds from start to end, with the start of the program."""
        command = [headcount, "import", "--journal", self.address, "--partitions", str(self.partitions)]
        started = time.monotonic()
        done = subprocess.run([*command, "--data", folder / "import", source], capture_output=True, text=True)
        if done.returncode:
            lab.fail(f"import ended with {done.returncode}:\n{done.stderr[-2000:]}")
        return time.monotonic() - started


class Headcount:
    """Processes of one cluster, served to a keyspace."""

    # Of people: an RSVP that changes is one RSVP.
    event_rows = staticmethod(answers.event_people)

    def __init__(self, headcount, journal, store, session, keyspace, folder):
        self.session, self.keyspace, self.folder = session, keyspace, folder
        self.partitions, self.commands = journal.partitions, []
        self.common = [headcount, "run", "--journal", journal.address, "--partitions", journal.partitions]
        self.common += ["--lake", folder / "lake", "--serving", f"cassandra://127.0.0.1:{store.port}/{keyspace}"]
        # When the tables were made, and when how much of the journal had come to be in them.
        self.tables_at, self.jumps = None, []

    def whole(self, kafka, topic):
        """One process does everything, from a topic as its source."""
        self.name, self.workers = "headcount, all roles", 1
        self.add("all", "--source", f"kafka://127.0.0.1:{kafka.port}/{topic}?from=earliest")
        return self

    def counting(self, workers):
        """Processes that count what the journal has; like the peer, they keep no archive."""
        self.name, self.workers = "headcount, counting", workers
        for number in range(workers):
            self.add(f"count-{number}", "--role", "process", "--no-archive")
        return self

    def add(self, name, *more):
        """One more process; returns the port that it will listen on."""
        port = servers.free_port()
        where = ["--worker", name, "--data", self.folder / name, "--listen", f"127.0.0.1:{port}"]
        self.commands.append((name, [*self.common, *where, *more]))
        return port

    def start(self):
        self.programs = [Program(command, self.folder / f"{name}.log") for name, command in self.commands]
        self.started = time.monotonic()

    def progressed(self):
        """Notes when more of the journal has come to be in the tables."""
        try:
            rows = self.session.execute(f"SELECT next_offset FROM {self.keyspace}.served_snapshots")
            served = sum(row[0] for row in rows)
        except (cassandra.DriverException, cassandra.cluster.NoHostAvailable):
            return  # the tables are not there yet
        if not self.tables_at:
            made = self.session.execute(f"SELECT version FROM {self.keyspace}.headcount_schema").one()
            if made and made.version > 0:
                self.tables_at = time.monotonic()
        if served > (self.jumps[-1][1] if self.jumps else 0):
            self.jumps.append((time.monotonic(), served))

    @property
    def tables_s(self):
        """How long it made tables, with its start."""
        return self.tables_at - self.started

    def finish(self):
        """Ends the processes; returns steady records/s."""
        for program in self.programs:
            program.check()
        for program in self.programs:
            program.stop()
        return steady(self.jumps)


def steady(jumps):
    """Records/s from when half was in the tables to the end, both at the end of a write; None if writes were few."""
    if len(jumps) < STEPS:
        return None
    half = jumps[-1][1] / 2
    begun, from_offset = min(jumps, key=lambda jump: abs(jump[1] - half))
    ended, to_offset = jumps[-1]
    return (to_offset - from_offset) / (ended - begun) if ended > begun else None
