"""Themes with scikit-learn: LDA and NMF, on the folds of bench/rooms/learning_themes.rs.

    python bench/learning/themes.py [DATA] [FOLDS]

Needs scikit-learn and xxhash. Trains on the groups of the other folds, gives every event held out its strongest topic, and
prints the same lines of JSON: agreement with categories (NMI), coherence of ten words a topic (NPMI on the texts held
out), processor time and memory. FOLDS: how many, 5 by default."""

import gzip, html, json, os, re, resource, sys, time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
import xxhash
from sklearn.decomposition import NMF, LatentDirichletAllocation
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.metrics import normalized_mutual_info_score

TOPICS = 30
WORDS_SHOWN = 10
TAG = re.compile(r"<[^>]*>")


def read(data):
    texts, categories, folds = [], [], []
    with gzip.open(f"{data}/events_labelled.ndjson.gz", "rt") as lines:
        for line in lines:
            event = json.loads(line)
            text = (event["name"] or "") + " " + (event["description"] or "")
            texts.append(html.unescape(TAG.sub(" ", text)).replace("[masked]", " ").lower())
            categories.append((event["group"].get("category") or {}).get("shortname") or "")
            folds.append(xxhash.xxh3_64_intdigest(str(event["group"]["id"]).encode()) % 5)
    return texts, np.array(categories), np.array(folds)


def npmi(topics, counts):
    holds = (counts > 0).astype(float)
    documents = holds.shape[0]
    means = []
    for words in topics:
        part = holds[:, words].toarray()
        together = part.T @ part / documents
        values = []
        for a in range(len(words)):
            for b in range(a):
                both = together[a, b]
                expected = together[a, a] * together[b, b]
                values.append(-1.0 if both == 0 else 1.0 if both == 1 else np.log(both / expected) / -np.log(both))
        means.append(np.mean(values))
    return float(np.mean(means))


def figure(variant, fold, measure, value):
    print(json.dumps({"model": "themes", "variant": variant, "fold": fold, "measure": measure, "value": value}), flush=True)


def main(data, folds_tested):
    texts, categories, folds = read(data)
    common = {"min_df": 3, "max_df": 0.95, "stop_words": "english"}
    for fold in range(folds_tested):
        train = [texts[i] for i in np.flatnonzero(folds != fold)]
        held_out = np.flatnonzero((folds == fold) & (categories != ""))
        test = [texts[i] for i in held_out]
        for name, vectorizer, model in (
            ("scikit-learn NMF", TfidfVectorizer(sublinear_tf=True, **common), NMF(TOPICS, init="nndsvd", random_state=0)),
            ("scikit-learn LDA", CountVectorizer(**common), LatentDirichletAllocation(TOPICS, learning_method="online", random_state=0)),
        ):
            begin = time.process_time()
            model.fit(vectorizer.fit_transform(train))
            figure(name, fold, "seconds", time.process_time() - begin)
            found = model.transform(vectorizer.transform(test)).argmax(1)
            figure(name, fold, "nmi", normalized_mutual_info_score(categories[held_out], found))
            topics = [np.argsort(-weights)[:WORDS_SHOWN] for weights in model.components_]
            counts = CountVectorizer(vocabulary=vectorizer.vocabulary_).transform(test)
            figure(name, fold, "npmi", npmi(topics, counts))
        figure("scikit-learn", fold, "peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


main(
    sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEADCOUNT_SHARED_DATA", "../shared/data"),
    int(sys.argv[2]) if len(sys.argv) > 2 else 5,
)
