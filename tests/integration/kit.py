# SPDX-License-Identifier: Apache-2.0
"""What the integration tests share: the program, data folders of their own, the order service, fifos to wait on."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest

TROUPE = os.environ["TROUPE"]
SOURCE = os.environ["TROUPE_SOURCE"]

# A node's socket is in its data folder, and the name of a socket has room for some 100 bytes.
TEMPORARY = tempfile.gettempdir() if len(tempfile.gettempdir()) < 50 else "/tmp"

HEADER = """\
apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: test, path: tests/test }
"""


class Case(unittest.TestCase):
    """A folder of its own for each test; `troupe` runs the program with its data there."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="troupe-test-", dir=TEMPORARY)
        self.data = os.path.join(self.folder, "data")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, header=True):
        """Write a playbook (dedented, behind the usual header) and return its path."""
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write((HEADER if header else "") + textwrap.dedent(text))
        return self.path(name)

    def fifo(self, name):
        os.mkfifo(self.path(name))
        return self.path(name)

    def environment(self):
        env = dict(os.environ, TROUPE_DATA=self.data, XDG_STATE_HOME=self.path("state"), LC_ALL="C.UTF-8")
        env.pop("NO_COLOR", None)
        env.setdefault("HOME", self.folder)
        return env

    def troupe(self, *args, stdin=None, timeout=240, **more):
        return subprocess.run([TROUPE, *args], input=stdin, capture_output=True, text=True, timeout=timeout,
                              env=self.environment(), cwd=self.folder, check=False, **more)

    def start(self, *args, **more):
        """Start without waiting; killed at the end of the test if it still runs."""
        more.setdefault("stdout", subprocess.PIPE)
        more.setdefault("stderr", subprocess.PIPE)
        process = subprocess.Popen([TROUPE, *args], text=True, env=self.environment(), cwd=self.folder, **more)
        self.addCleanup(self.reap, process)
        return process

    @staticmethod
    def reap(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def run_json(self, playbook, *args, code=0):
        """Run with --json; the object. Fails the test with all output when the exit status is another."""
        done = self.troupe("run", playbook, "--json", *args)
        self.assertEqual(done.returncode, code, f"stdout: {done.stdout}\nstderr: {done.stderr}")
        lines = done.stdout.strip().splitlines()
        self.assertEqual(len(lines), 1, f"--json must print exactly one line: {done.stdout}")
        return json.loads(lines[0])

    def events(self, execution="latest"):
        done = self.troupe("events", execution, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


class Service:
    """The order service of the examples, on a free port."""

    def __init__(self, *args):
        self.process = subprocess.Popen([sys.executable, "-B", os.path.join(SOURCE, "examples/services/orders.py"), *args],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), line
        self.url = line.split()[-1]

    def stop(self):
        self.process.terminate()
        self.process.communicate()


def main():
    unittest.main(verbosity=2)
