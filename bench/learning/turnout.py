#!/usr/bin/env python3
"""Turnout with scikit-learn's gradient boosting, on the folds of bench/rooms/learning_turnout.rs: a line of JSON for each figure.

usage: turnout.py [DATA] [FOLD...]

It looks at what the trees of headcount look at, but for the means of categories and topics. Its median is fitted to absolute
error with the same weights; its interval is that of its quantiles, not widened. Needs scikit-learn and xxhash."""

import collections
import gzip
import json
import math
import os
import re
import resource
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
import xxhash
from sklearn.ensemble import HistGradientBoostingRegressor

FOLDS = 5
PAST = 32
NAN = float("nan")
WORD = re.compile(r"\w+")


def say(variant, fold, measure, value):
    line = {"model": "turnout", "by": "scikit-learn", "variant": variant, "fold": fold, "measure": measure}
    print(json.dumps(line | {"value": value}), flush=True)


def median(values):
    return float(np.median(values)) if values else NAN


def mean(values):
    return sum(values) / len(values) if values else NAN


def traits(event):
    venue = event.get("venue") or {}
    spot = (round(venue.get("lat") or 0, 4), round(venue.get("lon") or 0, 4))
    local = (event["time"] + (event["utc_offset"] or 0)) // 1000
    return {
        "time": event["time"],
        "yes": event["yes_rsvp_count"],
        "log": math.log1p(event["yes_rsvp_count"]),
        "words": set(WORD.findall(event["name"].lower())),
        "series": None if event["id"].isdigit() else event["id"][:6],
        "place": spot if spot != (0, 0) else None,
        "day": local // 86400 % 7,
        "hour": local % 86400 / 3600,
        "limit": event["rsvp_limit"] or 0,
        "paid": event["fee"] is not None,
        "lead": math.log1p(max(0, event["time"] - event["created"]) / 3.6e6),
    }


def likeness(a, b):
    if a["series"] and a["series"] == b["series"]:
        return 1.0
    return len(a["words"] & b["words"]) / max(1, len(a["words"] | b["words"]))


def compare(own, past):
    sums = collections.defaultdict(lambda: [0.0, 0.0])
    alike = []
    for age, other in zip(range(len(past) - 1, -1, -1), past):
        recent = 0.5 ** (age / 8)
        alike.append(likeness(own, other))
        apart = abs(own["hour"] - other["hour"])
        apart = min(apart, 24 - apart)
        of_day = 1 if own["day"] == other["day"] else 0.1
        limits = abs(math.log1p(own["limit"]) - math.log1p(other["limit"]))
        weights = {
            "name": 0.02 + alike[-1] ** 2,
            "hour": 0.05 + of_day * math.exp(-apart / 2),
            "place": 1 if own["place"] and own["place"] == other["place"] else 0.02,
            "limit": max(math.exp(-2 * limits), 1e-6),
        }
        for kind, weight in weights.items():
            sums[kind][0] += other["log"] * weight * recent
            sums[kind][1] += weight * recent
    return [sums[kind][0] / sums[kind][1] if past else NAN for kind in ("name", "hour", "place", "limit")], alike


def row(event, own, past):
    logs = [other["log"] for other in past]
    means, alike = compare(own, past)
    best = max(range(len(past)), key=lambda at: (alike[at], at)) if past else None
    same = [other["log"] for other, like in zip(past, alike) if like >= 0.6]
    filled = [other["yes"] / other["limit"] for other in past if other["limit"]][-8:]
    limit = math.log1p(own["limit"]) if own["limit"] else NAN
    members = math.log1p(event["group"]["members"] or 0)
    since = lambda other: (own["time"] - other["time"]) / 3.6e6
    return means[0], [
        len(past), logs[-1] if logs else NAN, median(logs), mean(logs[-3:]), mean(logs[-8:]), mean(logs),
        min(logs, default=NAN), max(logs, default=NAN), float(np.std(logs)) if len(logs) > 1 else NAN,
        mean(logs[-3:]) - mean(logs) if len(logs) > 3 else NAN,
        math.log1p(since(past[-1])) if past else NAN, math.log1p(since(past[0]) / len(past)) if past else NAN,
        own["lead"] - median([other["lead"] for other in past[-8:]]),
        mean([other["series"] is not None for other in past]), mean([other["paid"] for other in past]),
        mean([other["limit"] > 0 for other in past]),
        *means, alike[best] if past else NAN, logs[best] if past else NAN,
        len(same), median(same), same[-1] if same else NAN,
        limit, limit - means[0], median(filled), max(filled, default=NAN),
        members, means[0] - members, own["paid"], own["lead"], own["series"] is not None, own["day"], own["hour"],
        own["time"] % 31556952000 / 31556952000, math.log1p(len(event["description"] or "")), len(event["name"]),
        len(own["words"]), own["place"] is not None, len(event["group"]["topics"]), (event["utc_offset"] or 0) // 3600000,
    ]  # fmt: skip


def examples(data):
    held = collections.defaultdict(list)
    with gzip.open(f"{data}/events_labelled.ndjson.gz", "rt", encoding="utf-8") as lines:
        for line in lines:  # in the order of their times
            event = json.loads(line)
            group = event["group"]["id"]
            own = traits(event)
            before = [other for other in held[group] if other["time"] < own["time"]]
            start, numbers = row(event, own, before[-PAST:])
            fold = xxhash.xxh3_64_intdigest(str(group).encode()) % FOLDS
            held[group].append(own)
            yield fold, len(held[group]) > 1, own["yes"], start, numbers


def main():
    data = sys.argv[1] if len(sys.argv) > 1 else "../shared/data"
    chosen = [int(fold) for fold in sys.argv[2:]] or range(FOLDS)
    began = time.process_time()
    fold, later, yes, start, rows = zip(*examples(data))
    fold, later, yes, rows = np.array(fold), np.array(later), np.array(yes, float), np.array(rows, np.float32)
    start = np.where(np.isnan(start), np.log(8), np.array(start))
    say("features", None, "seconds", round(time.process_time() - began, 2))
    log = np.log1p(yes)
    for number in chosen:
        train, test = fold != number, fold == number

        def fitted(weights=None, trees=250, leaves=31, rate=0.06, **loss):
            model = HistGradientBoostingRegressor(
                max_iter=trees, max_leaf_nodes=leaves, learning_rate=rate, min_samples_leaf=30, l2_regularization=1,
                early_stopping=False, random_state=0, **loss
            )  # fmt: skip
            model.fit(rows[train], log[train] - start[train], sample_weight=weights)
            return start[test] + model.predict(rows[test])

        began = time.process_time()
        middle = np.expm1(fitted(np.exp(start[train] / 2), loss="absolute_error"))
        low, high = (fitted(trees=120, leaves=15, rate=0.1, loss="quantile", quantile=share) for share in (0.1, 0.9))
        say("boosting", number, "seconds", round(time.process_time() - began, 2))
        error = np.abs(middle - yes[test])
        say("boosting", number, "mean absolute error", float(error[later[test]].mean()))
        say("boosting", number, "median absolute error", float(np.median(error[later[test]])))
        logs = np.abs(np.log1p(np.maximum(middle, 0)) - log[test])
        say("boosting", number, "mean difference of ln(1+yes)", float(logs[later[test]].mean()))
        say("boosting", number, "coverage", float(((low <= log[test]) & (log[test] <= high)).mean()))
        say("boosting", number, "events", int(later[test].sum()))
    say("boosting", None, "peak_mb", round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


if __name__ == "__main__":
    main()
