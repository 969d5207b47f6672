#!/usr/bin/env python3
"""The category of an event from its text, by scikit-learn: a line of JSON for each figure of each fold.

usage: category.py LABELLED.ndjson[.gz] [--folds 0,1,2,3,4] [--models svm,logistic,forest,tech]

The folds are those of bench/rooms/learning_category.rs: xxh3_64(group id as decimal text) % 5.
Needs scikit-learn and xxhash. The forest takes a quarter of an hour for each fold, so it runs only where it is named.
"""

import argparse
import collections
import gzip
import html
import json
import re
import resource
import time

import numpy
import xxhash
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.svm import LinearSVC

FOLDS = 5
EXAMPLES_MIN = 50


def say(variant, fold, measure, value):
    line = {"model": "category", "by": "scikit-learn", "variant": variant, "fold": fold, "measure": measure}
    print(json.dumps(line | {"value": value}), flush=True)


def text_of(event):
    description = re.sub(r"<[^>]+>", " ", event.get("description") or "")
    return (event.get("name") or "") + " " + html.unescape(description).replace("[masked]", " ")


def read(path):
    events = []
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            category = (event["group"].get("category") or {}).get("shortname")
            if category:
                fold = xxhash.xxh3_64_intdigest(str(event["group"]["id"]).encode()) % FOLDS
                events.append((text_of(event), category, fold))
    return events


def learner(name):
    return {
        "svm": lambda: LinearSVC(C=0.3),
        "logistic": lambda: LogisticRegression(C=10, max_iter=200),
        "forest": lambda: RandomForestClassifier(n_estimators=100, random_state=0),
        "tech": lambda: LogisticRegression(C=10, max_iter=200),
    }[name]()


def run(events, fold, name):
    if name == "tech":
        events = [event for event in events if event[1] in ("tech", "outdoors-adventure")]
    train = [event for event in events if event[2] != fold]
    test = [event for event in events if event[2] == fold]
    began = time.process_time()
    vectorizer = TfidfVectorizer(min_df=3, sublinear_tf=True, stop_words="english")
    features = vectorizer.fit_transform([event[0] for event in train])
    model = learner(name).fit(features, [event[1] for event in train])
    say(name, fold, "seconds", round(time.process_time() - began, 2))
    predicted = model.predict(vectorizer.transform([event[0] for event in test]))
    truth = [event[1] for event in test]
    say(name, fold, "accuracy", accuracy_score(truth, predicted))
    classes = sorted({event[1] for event in events})
    say(name, fold, "macro-F1", f1_score(truth, predicted, labels=classes, average="macro", zero_division=0))
    say(name, fold, "examples", len(test))
    largest = collections.Counter(event[1] for event in train).most_common(1)[0][0]
    say(name, fold, "accuracy of the largest class", float(numpy.mean([category == largest for category in truth])))
    say(name, fold, "peak_mb", round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("labelled")
    arguments.add_argument("--folds", default="0,1,2,3,4")
    arguments.add_argument("--models", default="svm,logistic,tech")
    options = arguments.parse_args()
    events = read(options.labelled)
    counts = collections.Counter(category for _, category, _ in events)
    events = [event for event in events if counts[event[1]] >= EXAMPLES_MIN]
    for name in options.models.split(","):
        for fold in options.folds.split(","):
            run(events, int(fold), name)


if __name__ == "__main__":
    main()
