"""The queries of docs/lake.md, as they stand there, over a raw archive of spring and winter, and one of winter alone."""

import json
import re
import shutil
from collections import Counter

import duckdb

import handmade

MONTHS = {"spring and winter": ("03", "12"), "winter": ("12",)}


def check(programs, folder, docs, say):
    records = [handmade.answer(f"archived-{number % 3}", number + 1, handmade.T + 1_007 * number,
                               response="no" if number % 4 == 0 else "yes") for number in range(40)]
    recording = folder / "archived.ndjson"
    recording.write_text("".join(json.dumps(record) + "\n" for record in records))
    data = folder / "archived"
    programs.run(programs.headcount, "import", "--data", data, "--keep-people", recording)
    files = list(data.glob("lake/raw/feed=rsvps/**/*.ndjson.zst"))
    assert files, "nothing is archived"
    counted = Counter(record["response"] for record in records)
    expected = [(12, response, count) for response, count in sorted(counted.items())]
    for name, months in MONTHS.items():
        lake = folder / name.replace(" ", "-")
        for month in months:
            # Records are archived by their arrival, which no test can choose.
            place = lake / f"raw/feed=rsvps/year=2026/month={month}/day=05/hour=07"
            place.mkdir(parents=True)
            for file in files:
                shutil.copy(file, place)
        blocks = re.findall(r"```(sql|python)\n(.*?)```", docs.read_text().replace("lake/raw", f"{lake}/raw"), re.DOTALL)
        assert len(blocks) == 3, blocks
        for language, text in blocks:
            assert answer(language, text) == expected, f"{name}: {text}"
        say(f"raw archive of {name}: {len(blocks)} documented queries find {expected}")


def answer(language, text):
    if language == "sql":
        return duckdb.connect().execute(text).fetchall()
    names = {}
    exec(text, names)
    return names["rows"]
