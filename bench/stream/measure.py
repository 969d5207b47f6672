"""The same records through Spark and headcount into tables of Cassandra: answers first, then times."""

import argparse
import json
import signal
import sys
import tempfile
import time
from pathlib import Path

import cassandra.cluster

import lab
import latency
import servers
import table
import topics
from answers import right_answers
from headcount import Headcount, Journal, program
from processes import processor_seconds, settle
from spark import Spark

TOPIC = "rsvps"
PARTS = ["spark", "whole", "counting", "latency"]
# Partitions x workers of the part `counting`.
CELLS = ["1x1", "2x1", "4x1", "2x2", "4x2", "4x4"]
LATENCY = ["headcount, in Cassandra", "headcount, serving process", "Spark, in Cassandra"]
# As Cassandra is shipped: servers of tests write every change to the disk before they answer, and have little memory.
CASSANDRA = [
    "commitlog_sync=periodic",
    "commitlog_sync_period=10000ms",
    "commitlog_segment_size=32MiB",
    "commitlog_total_space=8GiB",
    "memtable_heap_space=256MiB",
    "memtable_offheap_space=256MiB",
    "concurrent_reads=32",
    "concurrent_writes=32",
]
# How often it is looked whether the tables are right, in seconds, and for how long.
POLL_S = 0.05
LIMIT = 3600


class Bench:
    """The program under test, and the servers that all engines share."""

    def __init__(self):
        self.program = program()
        self.kafka = self.store = self.session = None
        # Until something has run, Cassandra's compilers have not.
        self.cold = True

    def start(self):
        self.kafka = servers.Server("kafka", topics.ready)
        self.store = servers.Server("cassandra", lambda port: session(port).cluster.shutdown(), CASSANDRA)
        self.session = session(self.store.port)

    def stop(self):
        if self.session:
            self.session.cluster.shutdown()
        for server in (self.kafka, self.store):
            if server:
                server.stop()

    def server_pids(self):
        return [self.kafka.process.pid, self.store.process.pid]


def main():
    args = arguments()
    # The servers are stopped and their folders removed, also when this is asked to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    bench = Bench()
    parts = args.only or PARTS
    source = lab.simulated(bench.program, args.records, args.seed)
    people, messages = right_answers(source) if set(parts) - {"latency"} else (None, None)
    report = {"machine": lab.machine(), "seed": args.seed, "records": args.records}
    report |= {"record_bytes": source.stat().st_size / args.records, "partitions": args.partitions}
    report |= {"runs": [], "imports": [], "latency": []}
    try:
        bench.start()
        if {"spark", "whole"} & set(parts):
            lab.say(f"filling a topic with {args.records:,} records ...")
            topics.fill(bench.kafka, TOPIC, args.partitions, source)
        if "spark" in parts:
            rounds(args, bench, report, messages, 0, lambda *where: Spark(args, bench.kafka, TOPIC, *where))
        if "whole" in parts:
            rounds(args, bench, report, people, 1, lambda *where: whole(args, bench, *where))
        if "counting" in parts:
            counting(args, bench, report, people, source)
        if "latency" in parts:
            pairs = [(place, rate) for place in LATENCY for rate in args.rates]
            for number, (place, rate) in enumerate(pairs):
                lab.say(f"{place}, {rate:,} records/s for {args.seconds} s ...")
                report["latency"].append(latency.measure(args, bench, rate, place, number))
    finally:
        bench.stop()
    report["table"] = table.medians(report["runs"])
    print(json.dumps(report, indent=1) if args.json else table.text(report), flush=True)


def arguments():
    parser = argparse.ArgumentParser(prog="bench/stream/run", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part; may be repeated")
    parser.add_argument("--records", type=int, default=2_000_000, help="simulated records (2000000)")
    parser.add_argument("--seed", type=int, default=42, help="seed of the simulation (42)")
    parser.add_argument("--partitions", type=int, default=2, help="partitions of the topic (2)")
    parser.add_argument("--cores", type=int, default=2, help="threads of Spark (2)")
    parser.add_argument("--batch", type=int, default=200_000, help="most records of a micro-batch of Spark (200000)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each engine, of which the median is shown (3)")
    parser.add_argument("--cells", nargs="+", default=CELLS, help="partitions x workers of counting (%(default)s)")
    parser.add_argument("--rates", type=int, nargs="+", default=[1000, 5000], help="records/s of latency (1000 5000)")
    parser.add_argument("--seconds", type=int, default=60, help="seconds of each measurement of latency (60)")
    parser.add_argument("--json", action="store_true", help="one JSON object with every run instead of the table")
    return parser.parse_args()


def session(port):
    cluster = cassandra.cluster.Cluster(["127.0.0.1"], port=port, protocol_version=5)
    try:
        return cluster.connect()
    except Exception:
        cluster.shutdown()
        raise


def whole(args, bench, store, connected, keyspace, folder):
    journal = Journal(bench.kafka, f"journal_{keyspace}", args.partitions)
    made = Headcount(bench.program, journal, store, connected, keyspace, folder)
    return made.whole(bench.kafka, TOPIC)


def counting(args, bench, report, right, source):
    cells = [tuple(map(int, cell.split("x"))) for cell in args.cells]
    for partitions in sorted({partitions for partitions, _ in cells}):
        journal = Journal(bench.kafka, f"filled_{partitions}", partitions)
        lab.say(f"filling a journal of {partitions} partitions ...")
        with tempfile.TemporaryDirectory(prefix="headcount-bench-") as folder:
            took = journal.fill(bench.program, source, Path(folder))
        report["imports"].append({"partitions": partitions, "seconds": took, "records_per_s": args.records / took})
        for workers in [workers for of, workers in cells if of == partitions]:
            engine = lambda *where: Headcount(bench.program, journal, *where).counting(workers)
            rounds(args, bench, report, right, 10 * partitions + workers, engine)
        topics.remove(bench.kafka, f"{journal.name}.")


def rounds(args, bench, report, right, number, engine):
    """Runs of one engine, each with tables of its own. The first of all is not reported."""
    first = 0 if bench.cold else 1
    for run in range(first, args.runs + 1):
        keyspace = f"bench_{number}_{run}"
        settle(bench.server_pids())
        with tempfile.TemporaryDirectory(prefix="headcount-bench-") as folder:
            made = engine(bench.store, bench.session, keyspace, Path(folder))
            lab.say(f"{made.name}, run {run} of {args.runs} ..." if run else f"{made.name}, to warm Cassandra ...")
            done = one(args, bench, right, made, keyspace)
        if run:
            report["runs"].append(done)
        bench.cold = False
        bench.session.execute(f"DROP KEYSPACE {keyspace}", timeout=60)
        topics.remove(bench.kafka, f"journal_{keyspace}.")


def one(args, bench, right, engine, keyspace):
    """One run, until the tables are right: there is no time of any that are not."""
    before = [processor_seconds(pid) for pid in bench.server_pids()]
    started = time.monotonic()
    engine.start()
    try:
        while True:
            engine.progressed()
            wrong = right.differences(bench.session, keyspace, engine.event_rows)
            took = time.monotonic() - started
            for made in engine.programs:
                made.look()
                made.check()
            if not wrong:
                break
            ended = all(not made.running() for made in engine.programs)
            if took > LIMIT or ended and (wrong := right.differences(bench.session, keyspace, engine.event_rows)):
                lab.fail(f"{engine.name}: there is nothing to time, the tables are wrong: {wrong}")
            time.sleep(POLL_S)
        engine.progressed()
        used = sum(made.processor_s for made in engine.programs)
        kafka, store = (processor_seconds(pid) - was for pid, was in zip(bench.server_pids(), before))
        steady = engine.finish()
    finally:
        for made in engine.programs:
            if made.running():
                made.process.kill()
                made.process.wait()
    return {
        "engine": engine.name,
        "partitions": engine.partitions or args.partitions,
        "workers": engine.workers,
        "seconds": took,
        "tables_s": engine.tables_s,
        "records_per_s": args.records / (took - engine.tables_s),
        "steady_per_s": steady,
        "processor_s": used,
        "kafka_processor_s": kafka,
        "cassandra_processor_s": store,
        "records_per_processor_s": args.records / used,
        "peak_mb": sum(made.peak_mb for made in engine.programs),
    }


if __name__ == "__main__":
    main()
