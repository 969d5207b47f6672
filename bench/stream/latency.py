"""From a producer to an answer that includes the record: records at a pace, and somebody who asks every 20 ms."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from bisect import bisect_left
from pathlib import Path

import cassandra
import cassandra.cluster

import lab
import topics
from headcount import Headcount, Journal
from processes import settle
from spark import Spark

HERE = Path(__file__).resolve().parent
POLL_S = 0.02
# What is sent before that which is measured: compilers and caches are warm, as those of a live system are.
WARM_S = 60
# How long the last record may take, in seconds.
LIMIT = 120
# How often Spark makes a batch.
TRIGGER = "1 second"


def measure(args, bench, rate, place, number):
    """One engine at one rate, seen at one place: a row of figures."""
    name = f"latency_{number}"
    lines = unique_lines(bench.program, rate * (WARM_S + args.seconds), args.seed)
    settle(bench.server_pids())
    topics.make(bench.kafka, name, args.partitions)
    with tempfile.TemporaryDirectory(prefix="headcount-bench-") as folder:
        folder = Path(folder)
        ask = in_cassandra(bench.session, name)
        if place == "Spark, in Cassandra":
            spark = Spark(args, bench.kafka, name, bench.store, bench.session, name, folder, trigger=TRIGGER)
            engine = spark
        else:
            journal = Journal(bench.kafka, f"journal_{name}", args.partitions)
            parts = (bench.store, bench.session, name, folder)
            engine = Headcount(bench.program, journal, *parts).whole(bench.kafka, name)
            if place == "headcount, serving process":
                ask = in_server(engine.add("serve", "--role", "serve"))
        engine.start()
        try:
            sent, seen = watch(bench, engine, ask, name, rate, lines, args.partitions)
        finally:
            for program in engine.programs:
                program.look()
                program.stop()
    bench.session.execute(f"DROP KEYSPACE {name}", timeout=60)
    topics.remove(bench.kafka, name)
    topics.remove(bench.kafka, f"journal_{name}.")
    waits = sorted(delays(sent, seen)[rate * WARM_S :])
    figures = {f"p{of}_ms": 1000 * waits[int(len(waits) * of / 100)] for of in (50, 99)}
    sent_rate = (len(sent) - 1) / (sent[-1] - sent[0])
    return {"place": place, "rate": rate, "sent_per_s": sent_rate, **figures, "max_ms": 1000 * waits[-1]}


def watch(bench, engine, ask, topic, rate, lines, partitions):
    """(when each was sent, [(when, how many were seen)]), of one record first and then of the others at their pace."""
    broker = f"127.0.0.1:{bench.kafka.port}"
    first = topics.Sender(broker, topic, partitions, linger_ms=5)
    first.send(lines.read_bytes().split(b"\n", 1)[0])
    first.finish()
    wait_for(engine, ask, 1)
    # The first line is sent again and changes nothing where people are counted, but is a message more.
    already = 1 if isinstance(engine, Spark) else 0
    command = [sys.executable, HERE / "topics.py", broker, topic, partitions, rate, lines]
    seen = []
    with tempfile.TemporaryFile("w+") as out:
        sender = subprocess.Popen(list(map(str, command)), stdout=out, env=environment())
        try:
            total = sum(1 for _ in open(lines, "rb"))
            last = None
            while not seen or seen[-1][1] < total:
                asked = time.monotonic()
                found = (ask() or 0) - already
                # The answer is there when it has come.
                if not seen or found > seen[-1][1]:
                    seen.append((time.monotonic(), found))
                for program in engine.programs:
                    program.check()
                if sender.poll():
                    lab.fail(f"the sender ended with {sender.returncode}")
                if sender.poll() == 0:
                    last = last or time.monotonic()
                    if time.monotonic() > last + LIMIT:
                        lab.fail(f"{total - seen[-1][1]:,} of {total:,} records were not seen {LIMIT} s after the last")
                time.sleep(max(0.0, asked + POLL_S - time.monotonic()))
            sender.wait(LIMIT)
        finally:
            if sender.poll() is None:
                sender.kill()
                sender.wait()
        out.seek(0)
        return [float(line) for line in out], seen


def wait_for(engine, ask, count):
    end = time.monotonic() + LIMIT
    while (ask() or 0) < count:
        for program in engine.programs:
            program.check()
        if time.monotonic() > end:
            lab.fail(f"the first record was not seen within {LIMIT} s:\n{engine.programs[0].said()}")
        time.sleep(0.1)


def delays(sent, seen):
    """Of the n-th record: from when it was sent to the first answer that counts n."""
    counts = [count for _, count in seen]
    return [seen[bisect_left(counts, number + 1)][0] - at for number, at in enumerate(sent)]


def in_cassandra(session, keyspace):
    def ask():
        try:
            rows = session.execute(f"SELECT total_rsvps FROM {keyspace}.response_statistics")
            return sum(row[0] for row in rows)
        except (cassandra.DriverException, cassandra.cluster.NoHostAvailable):
            return None

    return ask


def in_server(port):
    def ask():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/summary", timeout=10) as answer:
                return json.load(answer)["rsvps"]
        except OSError:
            return None

    return ask


def unique_lines(program, count, seed):
    """So many records, each of an RSVP that none before it is of: then n people counted are n records seen."""
    # A fifth of the simulator's records repeat or change one.
    source = lab.simulated(program, count * 3 // 2 + 1000, seed)
    path = source.with_name(f"{source.stem}-first-{count}.ndjson")
    if not path.exists():
        lab.make(path, lambda out: out.write_bytes(b"".join(first_ones(source, count))))
    return path


def first_ones(source, count):
    known, lines = set(), []
    with open(source, "rb") as file:
        for line in file:
            record = json.loads(line)
            key = record["event"]["event_id"], record["rsvp_id"]
            if key not in known:
                known.add(key)
                lines.append(line)
                if len(lines) == count:
                    return lines
    return lab.fail(f"{source} has no {count:,} different RSVPs")


def environment():
    return {**os.environ, "PYTHONPATH": f"{HERE}:{HERE.parent}"}
