"""Clusters of venues with scikit-learn: k-means on unit vectors, on the folds of bench/rooms/learning_places.rs.

    python bench/learning/places.py [DATA]

Needs scikit-learn and xxhash. Prints the same lines of JSON."""

import gzip, json, os, resource, sys, time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
import xxhash
from sklearn.cluster import KMeans

EARTH_KM = 6371.0088


def venues(data):
    found = {}
    with gzip.open(f"{data}/events_labelled.ndjson.gz", "rt") as lines:
        for line in lines:
            venue = json.loads(line)["venue"] or {}
            if venue.get("id") is not None and venue.get("lat") is not None:
                found.setdefault(venue["id"], (float(venue["lat"]), float(venue["lon"])))
    with open(f"{data}/rsvps/2017-03-19.ndjson") as lines:
        for line in lines:
            try:
                venue = json.loads(line).get("venue") or {}
            except ValueError:
                continue
            if venue.get("venue_id") is not None and venue.get("lat") is not None:
                found.setdefault(venue["venue_id"], (float(venue["lat"]), float(venue["lon"])))
    return np.array([found[key] for key in sorted(found) if found[key] != (0.0, 0.0)])


def unit_vectors(spots):
    lat, lon = np.radians(spots).T
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def figure(variant, fold, measure, value):
    print(json.dumps({"model": "places", "variant": variant, "fold": fold, "measure": measure, "value": value}), flush=True)


def main(data):
    spots = venues(data)
    vectors = unit_vectors(spots)
    folds = np.array([xxhash.xxh3_64_intdigest(f"{lat:.4f},{lon:.4f}".encode()) % 5 for lat, lon in spots])
    for fold in range(5):
        for k in (5, 10, 20, 40):
            model = KMeans(k, n_init=4, random_state=0).fit(vectors[folds != fold])
            centres = model.cluster_centers_ / np.linalg.norm(model.cluster_centers_, axis=1, keepdims=True)
            held_out = vectors[folds == fold]
            chords = np.sqrt(((held_out[:, None] - centres[None]) ** 2).sum(2)).min(1)
            figure(f"scikit-learn k={k}", fold, "kilometres", float((2 * EARTH_KM * np.arcsin(chords / 2)).mean()))
    begin = time.process_time()
    for k in range(2, 41):
        KMeans(k, n_init=4, random_state=0).fit(vectors)
        KMeans(k, n_init=4, random_state=0).fit(vectors, sample_weight=np.ones(len(vectors)))
    figure("scikit-learn all k, both weightings", None, "seconds", time.process_time() - begin)
    figure("scikit-learn all", None, "peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


main(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEADCOUNT_SHARED_DATA", "../shared/data"))
