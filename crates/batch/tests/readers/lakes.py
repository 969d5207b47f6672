"""Data folders made by the programs under test."""

import subprocess
import time


class Programs:
    def __init__(self, headcount, batch):
        self.headcount, self.batch = headcount, batch

    def run(self, *command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert done.returncode in (0, 65), f"{' '.join(map(str, command))}: {done.returncode}\n{done.stderr}"
        return done.stdout

    def imports(self, data, files, *options):
        return self.run(self.headcount, "import", "--json", "--no-archive", "--data", data, *options, *files)

    def tables(self, data, *command):
        self.run(self.batch, "tables", "--json", "--data", data, *command)


def now():
    return int(time.time() * 1000)
