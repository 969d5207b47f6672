"""Kafka and Cassandra for a measurement, from the project's own scripts."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import lab

BIN = lab.CLONE / "tests" / "servers" / "bin"
# How long a server may take to be there, in seconds.
START = 180


class Server:
    """A server process and its folder; `ready` asks it a real question."""

    def __init__(self, script, ready, settings=()):
        subprocess.run([BIN / "fetch", script], check=True, stdout=subprocess.DEVNULL)
        self.folder = Path(tempfile.mkdtemp(prefix=f"headcount-{script}-"))
        self.port = free_port()
        # Measured servers have both compilers; servers of tests start faster without the better one.
        environment = {**os.environ, "HEADCOUNT_SERVERS_JIT": "full", "HEAP": "1g"}
        for name in ("CONTROLLER_PORT", "STORAGE_PORT"):
            environment[name] = str(free_port())
        self.log = open(self.folder / "server.log", "w+")
        command = ["setpriv", "--pdeathsig", "KILL", BIN / script, self.folder, str(self.port), *settings]
        self.process = subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log)
        self.wait(script, ready)

    def wait(self, script, ready):
        end = time.monotonic() + START
        while True:
            try:
                return ready(self.port)
            except Exception as reason:  # whatever its client says while it starts
                if self.process.poll() is not None or time.monotonic() > end:
                    said = (self.folder / "server.log").read_text()[-2000:]
                    lab.fail(f"{script} does not serve: {reason}\n{said}")
                time.sleep(0.2)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
