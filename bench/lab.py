"""What the benchmarks share: where things are kept, how programs are built, run and measured."""

import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLONE = HERE.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headcount-bench"
SHARED_DATA = Path(os.environ.get("HEADCOUNT_SHARED_DATA") or CLONE.parent / "shared" / "data")


def say(text):
    print(text, file=sys.stderr, flush=True)


def fail(text):
    raise SystemExit(f"bench: {text}")


# What is measured


def headcount():
    """The program: HEADCOUNT_BIN, or a release build of this clone."""
    given = os.environ.get("HEADCOUNT_BIN")
    if given:
        return given
    say("building headcount ...")
    build = ["cargo", "build", "--release", "--package", "headcount", "--bin", "headcount"]
    build += ["--message-format", "json-render-diagnostics"]
    output = subprocess.run(build, cwd=CLONE, check=True, stdout=subprocess.PIPE).stdout
    messages = map(json.loads, output.splitlines())
    found = [message["executable"] for message in messages if message.get("executable")]
    return found[-1] if found else fail("cargo built no executable")


def python(requirements=HERE / "requirements.txt"):
    """A Python with the peers in it, in a folder outside the clone."""
    wanted = requirements.read_bytes()
    folder = CACHE / f"venv-{hashlib.sha256(wanted).hexdigest()[:12]}"
    program = folder / "bin" / "python"
    done = folder / "done"
    if not done.exists():
        say(f"installing {', '.join(wanted.decode().split())} into {folder} ...")
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        install = [program, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "--requirement", requirements], check=True)
        done.touch()
    return str(program)


# What it is measured on


def simulated(program, records, seed):
    """Simulated records in a file, made once as long as the simulator stays what it is."""
    simulate = [program, "simulate", "--seed", str(seed)]
    first = subprocess.run([*simulate, "--records", "1000"], check=True, stdout=subprocess.PIPE)
    mark = hashlib.sha256(first.stdout).hexdigest()[:8]
    path = CACHE / f"simulated-{records}-{seed}-{mark}.ndjson"
    if not path.exists():
        say(f"simulating {records:,} records ...")
        make(path, lambda out: subprocess.run([*simulate, "--records", str(records), out], check=True))
    return path


def make(path, write):
    """Makes a file under another name, so that one that is there is whole."""
    CACHE.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    write(partial)
    partial.rename(path)


def facts(path):
    """How many records a file holds, and how many of them bring a new group or a new event.

    The shares decide how fast anything that remembers groups is: a steady stream brings few.
    """
    kept = path.with_suffix(".facts")
    if not kept.exists() or kept.stat().st_mtime < path.stat().st_mtime:
        make(kept, lambda out: out.write_text(json.dumps(survey(path))))
    return json.loads(kept.read_text())


def survey(path):
    seen = {b'"group":': (set(), set(), b"]"), b'"event":': (set(), set(), b"}")}
    records = 0
    with open(path, "rb") as file:
        for line in file:
            records += 1
            for key, (raws, contents, last) in seen.items():
                start = line.find(key) + len(key)
                end = line.find(b"}", line.find(last, start)) + 1
                raw = line[start:end]
                if raw not in raws:
                    # A brace in a name makes the guess wrong; then the decoder finds the end.
                    text = line[start:].decode()
                    value, length = json.JSONDecoder().raw_decode(text)
                    raws.add(text[:length].encode())
                    contents.add(hash(json.dumps(value, sort_keys=True)))
    return {
        "records": records,
        "bytes": path.stat().st_size,
        "groups": len(seen[b'"group":'][1]),
        "events": len(seen[b'"event":'][1]),
    }


def warm(path):
    """Reads a file once, so that it is in the page cache as far as there is room."""
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 24):
            pass


# How it is measured


class Run:
    """One run of a program as a whole: wall and processor seconds, peak memory, what it printed."""

    def __init__(self, command, cores=None, realtime=False):
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            start = time.monotonic()
            child = subprocess.Popen(
                list(map(str, command)),
                stdout=out,
                stderr=err,
                preexec_fn=lambda: settle(cores, realtime),
            )
            _, status, used = os.wait4(child.pid, 0)
            self.wall = time.monotonic() - start
            child.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            err.seek(0)
            self.output, self.errors = out.read(), err.read().decode(errors="replace")
        self.code = child.returncode
        self.cpu = used.ru_utime + used.ru_stime
        self.peak_mb = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6

    def answer(self):
        if self.code != 0:
            fail(f"a program ended with code {self.code}:\n{self.errors[-2000:]}")
        return json.loads(self.output)


def settle(cores, realtime):
    """In the child: its cores (as taskset does), and on demand ahead of all other work."""
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    if realtime:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    # Core dumps of a program that is killed on purpose help nobody.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def pinned(count):
    """The last `count` cores: the first one has most of the interrupts."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    return set(cores[-count:])


def machine():
    """What the figures were measured on."""
    model = "unknown processor"
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{model}, {os.cpu_count()} cores"
