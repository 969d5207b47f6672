"""Topics of plain JSON without keys, as producers of the feed wrote them: filled at once, or at a pace.

    topics.py BROKER TOPIC PARTITIONS RATE FILE

sends the lines of FILE, RATE a second, and prints when each was sent: monotonic seconds, one a line.
"""

import sys
import time

import confluent_kafka
import confluent_kafka.admin

import lab

# How long a topic may take to be made, filled or deleted, in seconds.
LIMIT = 120


def admin(port):
    return confluent_kafka.admin.AdminClient({"bootstrap.servers": f"127.0.0.1:{port}", "log_level": 0})


def ready(port):
    return admin(port).list_topics(timeout=2)


def make(kafka, topic, partitions):
    # It answers as long as it is held.
    client = admin(kafka.port)
    made = client.create_topics([confluent_kafka.admin.NewTopic(topic, partitions, 1)])
    made[topic].result(LIMIT)


def remove(kafka, beginning):
    """Deletes the topics whose names begin so, for the room that they take."""
    client = admin(kafka.port)
    there = [name for name in client.list_topics(timeout=LIMIT).topics if name.startswith(beginning)]
    for removed in client.delete_topics(there).values() if there else []:
        removed.result(LIMIT)


class Sender:
    """Sends lines to the partitions in turn."""

    def __init__(self, broker, topic, partitions, linger_ms):
        settings = {"linger.ms": linger_ms, "compression.type": "lz4", "acks": "all", "log_level": 3}
        self.producer = confluent_kafka.Producer({"bootstrap.servers": broker, **settings})
        self.topic, self.partitions, self.sent, self.failed = topic, partitions, 0, []

    def send(self, line):
        partition = self.sent % self.partitions
        while True:
            try:
                self.producer.produce(self.topic, line, partition=partition, on_delivery=self.delivered)
                break
            except BufferError:
                self.producer.poll(0.1)
        self.sent += 1
        self.producer.poll(0)

    def delivered(self, error, _):
        if error:
            self.failed.append(error)

    def finish(self):
        if self.producer.flush(LIMIT) or self.failed:
            lab.fail(f"not everything came to be in {self.topic}: {self.failed[:1]}")


def fill(kafka, topic, partitions, source):
    make(kafka, topic, partitions)
    sender = Sender(f"127.0.0.1:{kafka.port}", topic, partitions, linger_ms=50)
    with open(source, "rb") as lines:
        for line in lines:
            sender.send(line.rstrip())
    sender.finish()


def pace():
    broker, topic, partitions, rate, source = sys.argv[1:]
    with open(source, "rb") as file:
        lines = [line.rstrip() for line in file]
    sender = Sender(broker, topic, int(partitions), linger_ms=5)
    times = []
    started = time.monotonic()
    for number, line in enumerate(lines):
        early = started + number / float(rate) - time.monotonic()
        if early > 0:
            time.sleep(early)
        times.append(time.monotonic())
        sender.send(line)
    sender.finish()
    print("\n".join(map(repr, times)))


if __name__ == "__main__":
    pace()
