"""The report as text, made of what was measured."""

import statistics

COLUMNS = [
    ("engine", "engine", "<20"),
    ("partitions", "parts", ">5"),
    ("workers", "workers", ">7"),
    ("seconds", "seconds", ">8,.1f"),
    ("tables_s", "tables s", ">8,.1f"),
    ("records_per_s", "records/s", ">10,.0f"),
    ("steady_per_s", "steady/s", ">10,.0f"),
    ("processor_s", "cpu s", ">7,.1f"),
    ("records_per_processor_s", "rec/cpu s", ">10,.0f"),
    ("scaling", "of linear", ">9.2f"),
    ("kafka_processor_s", "Kafka s", ">8,.1f"),
    ("cassandra_processor_s", "Cassandra s", ">11,.1f"),
    ("peak_mb", "peak MB", ">8,.0f"),
]


def medians(runs):
    """One row a kind of run: of each figure its median."""
    kinds = {}
    for run in runs:
        kinds.setdefault((run["engine"], run["partitions"], run["workers"]), []).append(run)
    rows = [{**of[0], **{figure: median(of, figure) for figure in numbers(of[0])}} for of in kinds.values()]
    alone = next((row for row in rows if (row["engine"], row["partitions"]) == ("headcount, counting", 1)), None)
    for row in rows:
        if alone and row["engine"] == alone["engine"]:
            row["scaling"] = row["records_per_processor_s"] / alone["records_per_processor_s"]
    return rows


def numbers(run):
    return [name for name in run if name not in ("engine", "partitions", "workers")]


def median(runs, figure):
    known = [run[figure] for run in runs if run[figure] is not None]
    return statistics.median(known) if known else None


def text(report):
    lines = [
        f"simulation, seed {report['seed']}: {report['records']:,} records, {report['record_bytes']:,.0f} bytes each",
        f"{report['machine']}; Kafka and Cassandra on the same machine",
    ]
    if report["table"]:
        lines += ["", " ".join(cell(title, style) for _, title, style in COLUMNS)]
        lines += [" ".join(cell(row.get(name), style) for name, _, style in COLUMNS) for row in report["table"]]
        lines += compared(report["table"])
    for filled in report["imports"]:
        rate = f"{filled['records_per_s']:,.0f} records/s"
        lines += [f"import into a journal of {filled['partitions']} partitions: {rate}"]
    if report["latency"]:
        lines += ["", f"{'from sent to seen':<28} {'records/s':>9} {'p50 ms':>8} {'p99 ms':>8} {'most ms':>8}"]
    for row in report["latency"]:
        figures = " ".join(f"{row[name]:>8,.0f}" for name in ("p50_ms", "p99_ms", "max_ms"))
        lines += [f"{row['place']:<28} {row['sent_per_s']:>9,.0f} {figures}"]
    return "\n".join(lines)


def cell(value, style):
    width = style[0] + style[1:].split(",")[0].split(".")[0]
    if value is None:
        return format("-", width)
    return format(value, width if isinstance(value, str) else style)


def compared(rows):
    spark = next((row for row in rows if row["engine"] == "Spark"), None)
    if not spark:
        return []
    lines = [""]
    for row in rows:
        if row is not spark:
            faster = row["records_per_s"] / spark["records_per_s"]
            kind = f"{row['engine']}, {row['partitions']} partitions, {row['workers']} workers"
            line = f"{kind}: {faster:.1f} times Spark's records/s"
            if row["steady_per_s"] and spark["steady_per_s"]:
                line += f" (steady: {row['steady_per_s'] / spark['steady_per_s']:.1f})"
            lines.append(f"{line}, {row['peak_mb'] / spark['peak_mb']:.2f} of its memory")
    return lines
