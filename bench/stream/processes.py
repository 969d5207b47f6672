"""Programs that are measured: started, watched and ended, with all processes that they start."""

import os
import signal
import subprocess
import time
from pathlib import Path

import lab

TICKS = os.sysconf("SC_CLK_TCK")
# How long a program may take to end when it is asked to, in seconds.
STOP = 60


class Program:
    """A running program; what it uses is read from /proc whenever somebody looks."""

    def __init__(self, command, log, environment=None):
        self.command = list(map(str, command))
        self.log = Path(log)
        self.peaks, self.processor = {}, {}
        with open(log, "w") as out:
            tied = ["setpriv", "--pdeathsig", "KILL", *self.command]
            self.process = subprocess.Popen(tied, env=environment, stdout=out, stderr=out)

    def look(self):
        """Notes what its processes have used so far."""
        for pid in family(self.process.pid):
            if peak := peak_mb(pid):
                self.peaks[pid] = peak
                self.processor[pid] = processor_seconds(pid) or self.processor.get(pid, 0.0)

    def running(self):
        return self.process.poll() is None

    def check(self):
        """Fails if it has ended by itself with an error."""
        if self.process.poll():
            lab.fail(f"{self.command[0]} ended with {self.process.returncode}:\n{self.said()}")

    def said(self):
        return self.log.read_text()[-3000:]

    @property
    def peak_mb(self):
        """Of its largest process: a Python only starts the Java that works."""
        return max(self.peaks.values(), default=0.0)

    @property
    def processor_s(self):
        return sum(self.processor.values())

    def stop(self):
        if self.running():
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            lab.fail(f"{self.command[0]} did not end within {STOP} s:\n{self.said()}")


def family(root):
    """A process and its descendants."""
    found = [root]
    for pid in found:
        try:
            threads = list(Path(f"/proc/{pid}/task").iterdir())
            children = " ".join((thread / "children").read_text() for thread in threads)
        except OSError:
            continue
        found += map(int, children.split())
    return found


def peak_mb(pid):
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) * 1024 / 1e6 if lines else None


def processor_seconds(pid):
    """What a process has used of the processors, in user and kernel, in seconds."""
    try:
        # The name in brackets may hold spaces.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / TICKS


def settle(pids, limit=60.0):
    """Waits until processes are quiet, or for `limit` seconds: their work for one run is not the next one's."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        before = sum(processor_seconds(pid) or 0.0 for pid in pids)
        time.sleep(1.0)
        if sum(processor_seconds(pid) or 0.0 for pid in pids) - before < 0.1:
            return
