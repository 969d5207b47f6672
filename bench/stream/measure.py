"""Fills a topic once, lets each engine read it to its end, checks the tables, prints one line an engine."""

import argparse
import json
import signal
import sys
import tempfile
from collections import Counter
from datetime import datetime
from pathlib import Path

import cassandra.cluster
import confluent_kafka
import confluent_kafka.admin

import engines
import lab
import servers

TOPIC = "rsvps"
COUNTRY = ("country_statistics", "event_country")
RESPONSE = ("response_statistics", "response")


def main():
    args = arguments()
    # The servers are stopped and their folders removed, also when this is asked to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    source = lab.simulated(lab.headcount(), args.records, args.seed)
    right = messages(source)
    size = source.stat().st_size / args.records
    print(f"simulation, seed {args.seed}: {args.records:,} records, {size:,.0f} bytes each")
    print(f"{lab.machine()}; Kafka and Cassandra on the same machine; {args.partitions} partitions", flush=True)
    chosen = [engines.ENGINES[name](args) for name in args.only or engines.ENGINES]
    kafka = store = None
    try:
        kafka = servers.Server("kafka", brokers)
        store = servers.Server("cassandra", session)
        fill(kafka, source, args)
        for engine in chosen:
            for run in range(args.runs):
                measure(engine, kafka, store, f"bench_{run}", right, args)
    finally:
        for server in (kafka, store):
            if server:
                server.stop()


def arguments():
    parser = argparse.ArgumentParser(prog="bench/stream/run", description=__doc__)
    parser.add_argument("--only", action="append", choices=engines.ENGINES, help="only this engine; may be repeated")
    parser.add_argument("--records", type=int, default=2_000_000, help="simulated records (2000000)")
    parser.add_argument("--seed", type=int, default=42, help="seed of the simulation (42)")
    parser.add_argument("--partitions", type=int, default=2, help="partitions of the topic (2)")
    parser.add_argument("--cores", type=int, default=2, help="threads of an engine (2)")
    parser.add_argument("--batch", type=int, default=200_000, help="most records of a micro-batch of Spark (200000)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each engine (3)")
    return parser.parse_args()


# What is read


def brokers(port):
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": f"127.0.0.1:{port}", "log_level": 0})
    return admin.list_topics(timeout=2)


def fill(kafka, source, args):
    """Plain JSON without keys, as producers of the feed wrote it."""
    lab.say(f"filling a topic with {args.records:,} records ...")
    address = {"bootstrap.servers": f"127.0.0.1:{kafka.port}"}
    admin = confluent_kafka.admin.AdminClient(address)
    made = admin.create_topics([confluent_kafka.admin.NewTopic(TOPIC, args.partitions, 1)])
    made[TOPIC].result()
    quickly = {"linger.ms": 50, "compression.type": "lz4", "acks": "all", "log_level": 3}
    producer = confluent_kafka.Producer({**address, **quickly})
    failed = []
    delivered = lambda error, _: failed.append(error) if error else None
    with open(source, "rb") as lines:
        for number, line in enumerate(lines):
            while True:
                try:
                    producer.produce(TOPIC, line.rstrip(), partition=number % args.partitions, on_delivery=delivered)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
    if producer.flush(120) or failed:
        lab.fail(f"the topic is not full: {failed[:1]}")


def messages(source):
    """The right answer of an engine that counts messages, by a plain loop."""
    countries, responses = Counter(), Counter()
    with open(source, "rb") as lines:
        for line in lines:
            record = json.loads(line)
            countries[record["group"]["group_country"].upper()] += 1
            responses[record["response"]] += 1
    return {COUNTRY: dict(countries), RESPONSE: dict(responses)}


# What comes out


def session(port, keyspace=None):
    cluster = cassandra.cluster.Cluster(["127.0.0.1"], port=port, protocol_version=5)
    return cluster.connect(keyspace)


def measure(engine, kafka, store, keyspace, right, args):
    connected = session(store.port)
    copies = "{'class': 'SimpleStrategy', 'replication_factor': 1}"
    connected.execute(f"CREATE KEYSPACE {keyspace} WITH replication = {copies}")
    connected.set_keyspace(keyspace)
    for table in engine.tables:
        connected.execute(table)
    with tempfile.TemporaryDirectory(prefix="headcount-bench-") as folder:
        run = engine.run(kafka, TOPIC, store, keyspace, Path(folder))
    for (table, key), expected in right.items():
        rows = connected.execute(f"SELECT {key}, total_rsvps FROM {table}")
        found = {row[0]: row[1] for row in rows}
        if found != expected:
            lab.fail(f"{engine.name}: {table} is wrong, so there is nothing to time:\n  {expected}\n  {found}")
    connected.cluster.shutdown()
    rate, steady = steady_part(run["batches"])
    print(
        f"{engine.name}: {run['wall']:.1f} s from start to end, {args.records / run['wall']:,.0f} records/s;"
        f" steady {rate:,.0f} records/s over its last {steady} batches; peak {run['peak_mb']:,.0f} MB."
        f" Its tables count {engine.counts}, and every one of them.",
        flush=True,
    )


def steady_part(batches):
    """Records/s of the later half of the batches, by Spark's own clock: the first ones also pay for compiling."""
    later = batches[len(batches) // 2 :]
    begun = [datetime.fromisoformat(batch["timestamp"].replace("Z", "+00:00")) for batch in later]
    seconds = (begun[-1] - begun[0]).total_seconds() + later[-1]["durationMs"]["triggerExecution"] / 1000
    return sum(batch["numInputRows"] for batch in later) / seconds, len(later)


main()
