#!/usr/bin/env python3
"""Yes or no with scikit-learn, on the recordings of bench/rooms/learning_response.rs: a line of JSON for each figure.

usage: response.py [DATA]

`sgd` learns one answer after the other, scored before it is learnt; `logistic` learns all earlier recordings and scores the
next one with what was known before each answer. Records that were sent again are left out. Needs scikit-learn."""

import collections
import json
import math
import os
import re
import resource
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
from scipy.sparse import vstack
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import log_loss, roc_auc_score

RECORDINGS = ["2015-03-08.ndjson", "2017-03-19.ndjson", "2017-05-07.ndjson", "2018-05-20-pretty.json"]
ENDS = [1, 3, 6, 12, 24, 48, 96, 168, 336, 720, 1440, 2880, 8760]
WORD = re.compile(r"\w+")


def say(variant, fold, measure, value):
    line = {"model": "response", "by": "scikit-learn", "variant": variant, "fold": fold, "measure": measure}
    print(json.dumps(line | {"value": value}), flush=True)


def records(path):
    text = open(path, encoding="utf-8").read()
    if text.lstrip().startswith("["):
        return json.loads(text)
    found = []
    for line in text.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            pass
    return found


class Before:
    """What had been answered before, for features and for the rule of versions."""

    def __init__(self):
        self.tallies = collections.defaultdict(lambda: [0, 0])
        self.latest = {}

    def features(self, record):
        no, yes = self.tallies["all"]
        base = (yes + 1) / (no + yes + 2)
        logit = lambda rate: math.log(rate / (1 - rate))
        found = {"base": logit(base), "country=" + record["group"]["group_country"]: 1}
        for kind, key in self.keys(record):
            no, yes = self.tallies[kind, key]
            found[kind] = logit((yes + 2 * base) / (no + yes + 2)) - logit(base)
            found[f"{kind}={min(yes, 3)},{min(no, 3)}"] = 1
        found[f"group={record['group']['group_id']}"] = found["event=" + record["event"]["event_id"]] = 1
        earlier = self.latest.get((record["event"]["event_id"], record["rsvp_id"]))
        if earlier:
            found[f"earlier={earlier[1]}"] = 1
            found[f"since={int(math.log2(max(1, earlier_seconds(record, earlier)))) // 3},{earlier[1]}"] = 1
        series = not record["event"]["event_id"].isdigit()
        offset = max(-12, min(14, round(record["group"]["group_lon"] / 15)))
        local = lambda ms: ms // 3600000 + offset
        begins = record["event"].get("time")
        lead = None
        if begins:
            hours = int((begins - record["mtime"]) / 3600000)
            lead = sum(end < hours for end in ENDS)
            found[f"event hour={local(begins) % 24 // 3}"] = found[f"event day={local(begins) // 24 % 7}"] = 1
        found[f"lead={lead}"] = found[f"lead={lead},{series}"] = found[f"series={series}"] = 1
        found[f"hour={local(record['mtime']) % 24 // 3}"] = found[f"day={local(record['mtime']) // 24 % 7}"] = 1
        found[f"venue={'venue' in record}"] = 1
        topics = record["group"]["group_topics"][:16]
        for topic in topics:
            found["topic=" + topic["urlkey"]] = 1 / math.sqrt(len(topics))
        for word in WORD.findall(record["event"]["event_name"].lower())[:12]:
            found["word=" + word] = 0.3
        return found

    def keys(self, record):
        yield "of event", record["event"]["event_id"]
        yield "of group", record["group"]["group_id"]
        yield "of member", record["member"]["member_id"]

    def take(self, record):
        """Whether the record is a new answer or a changed one."""
        mtime, yes, key = record["mtime"], record["response"] == "yes", (record["event"]["event_id"], record["rsvp_id"])
        version = ((mtime + 500) // 1000, mtime % 1000 != 0, mtime)
        earlier = self.latest.get(key)
        if earlier and (version <= earlier[0] or (version[0] == earlier[0][0] and earlier[1:] == (yes, record["guests"]))):
            return None
        return key, (version, yes, record["guests"]), earlier

    def count(self, record, taken):
        key, latest, earlier = taken
        for name in ["all", *self.keys(record)]:
            self.tallies[name][latest[1]] += 1
            if earlier and name != "all":
                self.tallies[name][earlier[1]] -= 1
        self.latest[key] = latest


def earlier_seconds(record, earlier):
    return (record["mtime"] + 500) // 1000 - earlier[0][0]


def main():
    data = sys.argv[1] if len(sys.argv) > 1 else "../shared/data"
    before, hasher = Before(), FeatureHasher(1 << 18, alternate_sign=False)
    sgd = SGDClassifier(loss="log_loss", alpha=1e-4, learning_rate="constant", eta0=0.02, random_state=0)
    rows, answers, seconds = [], [], 0.0
    for number, name in enumerate(RECORDINGS):
        own, yes, given = [], [], []
        for record in records(f"{data}/rsvps/{name}"):
            taken = before.take(record)
            if not taken:
                continue
            began = time.process_time()
            row = hasher.transform([before.features(record)])
            given.append(sgd.predict_proba(row)[0, 1] if rows or own else 0.5)
            sgd.partial_fit(row, [taken[1][1]], classes=[False, True])
            seconds += time.process_time() - began
            before.count(record, taken)
            own.append(row)
            yes.append(taken[1][1])
        say("sgd", number, "log loss", log_loss(yes, np.clip(given, 1e-4, 1 - 1e-4)))
        say("sgd", number, "auc", roc_auc_score(yes, given))
        say("sgd", number, "answers", len(yes))
        if rows:
            model = LogisticRegression(C=0.05, max_iter=500).fit(vstack(rows), answers)
            batch = model.predict_proba(vstack(own))[:, 1]
            say("logistic", number, "log loss", log_loss(yes, batch))
            say("logistic", number, "auc", roc_auc_score(yes, batch))
        rows += own
        answers += yes
    say("sgd", None, "seconds", round(seconds, 2))
    say("sgd", None, "peak_mb", round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


if __name__ == "__main__":
    main()
