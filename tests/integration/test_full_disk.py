# SPDX-License-Identifier: Apache-2.0
"""A real small file system that is full: nothing is acknowledged, it is said, and all goes on when there is room. And standard output on a
full disk."""
import json
import os
import signal
import subprocess

import kit

LOOP = """
workflow:
  - step: many
    loop: { in: "{{ range(3000) }}", iterator: i, spec: { mode: sequential } }
    tool:
      - one: { kind: noop, result: "{{ iter.i }}" }
"""

ONE = """
workflow:
  - step: one
    tool: { kind: noop, result: 1 }
"""


class FullDisk(kit.Case):
    def mount(self, size):
        folder = self.path("small")
        os.mkdir(folder)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], capture_output=True, check=False)
        if done.returncode != 0:
            self.skipTest("no small file system can be mounted here: " + done.stderr.decode().strip())
        self.addCleanup(subprocess.run, ["umount", folder], check=False)
        return folder

    def fill(self):
        """A small file system with the data folder and little room; the name of the file that takes it."""
        folder = self.mount("8m")
        self.data = os.path.join(folder, "data")
        ballast = os.path.join(folder, "ballast")
        with open(ballast, "wb") as f:
            f.write(b"x" * (7 << 20) + b"x" * (700 << 10))
        return ballast

    def wait_until_full(self, process):
        said = ""
        while "cannot write" not in said:
            line = process.stderr.readline()
            self.assertTrue(line, "it must say that the disk is full: " + said)
            said += line
        self.assertIn("No space left on device", said)

    def test_one_signal_ends_a_run_that_cannot_write(self):
        ballast = self.fill()
        process = self.start("run", self.write("loop.yaml", LOOP), "--json")
        self.wait_until_full(process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual(out, "")
        self.assertRegex(err, r"interrupted: the event store cannot write \(No space left on device\); execution \d+ keeps what its log has, "
                              "and 'troupe resume' goes on with it when there is room")
        os.unlink(ballast)
        self.assertEqual(self.troupe("resume", "last", "--json").returncode, 0)
        self.assertEqual(self.events()[0][-1]["payload"]["status"], "success")

    def test_one_signal_ends_a_client_of_a_node_that_cannot_write(self):
        ballast = self.fill()
        node = self.start("node")
        self.assertTrue(node.stdout.readline().startswith("ready"))
        process = self.start("run", self.write("loop.yaml", LOOP), "--json")
        self.wait_until_full(node)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 130, err)
        self.assertRegex(err, r"interrupted: the event store cannot write .* and the node cancels it when there is room")
        os.unlink(ballast)
        while "playbook.processed" not in (shown := self.troupe("events", "last", "--json").stdout):
            self.assertIsNone(node.poll(), "the node must go on")
        self.assertIn('"cancelled"', shown.splitlines()[-1])

    def test_cancel_says_why_it_has_to_wait(self):
        ballast = self.fill()
        node = self.start("node")
        self.assertTrue(node.stdout.readline().startswith("ready"))
        self.start("run", self.write("loop.yaml", LOOP), "--json")
        self.wait_until_full(node)
        done = self.troupe("cancel", "last")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stderr, r"troupe cancel: execution \d+: the event store of its node cannot write \(No space left on device\); "
                                      "the node has been asked and does it when there is room")
        os.unlink(ballast)
        while "playbook.processed" not in (shown := self.troupe("events", "last", "--json").stdout):
            self.assertIsNone(node.poll(), "the node must go on")
        self.assertIn('"cancelled"', shown.splitlines()[-1])

    def full_node(self):
        """A node whose disk is full; it and the file that takes the room."""
        ballast = self.fill()
        node = self.start("node")
        self.assertTrue(node.stdout.readline().startswith("ready"))
        self.start("run", self.write("loop.yaml", LOOP), "--json")
        self.wait_until_full(node)
        return node, ballast

    def test_what_cannot_be_written_has_not_been_started(self):
        node, _ = self.full_node()
        path = self.write("one.yaml", ONE)
        detached, client, left = self.start("run", path, "--detach"), self.start("run", path), self.start("run", path)
        out, err = detached.communicate(timeout=240)
        self.assertEqual((detached.returncode, out), (1, ""), err)
        self.assertEqual(err, "troupe run: the event store of its node cannot write (No space left on device); the node has been "
                              "asked and begins the execution when there is room\n")
        self.assertIn("cannot write (No space left on device); waiting for room", client.stderr.readline())
        client.send_signal(signal.SIGINT)
        _, err = client.communicate(timeout=240)
        self.assertEqual(client.returncode, 130, err)
        self.assertIn("interrupted: the event store of its node cannot write", err)
        self.assertIn("waiting for room", left.stderr.readline())
        node.terminate()
        node.wait(timeout=240)
        _, err = left.communicate(timeout=240)
        self.assertNotEqual(left.returncode, 0)
        self.assertNotIn("has been asked", err, "nobody is there any more who would begin it")
        self.assertEqual(self.executions(), ["tests/test"], "the one that filled the disk, and none that nobody was told of")

    def test_what_was_asked_for_begins_when_there_is_room(self):
        node, ballast = self.full_node()
        path = self.write("one.yaml", ONE)
        detached, client = self.start("run", path, "--detach"), self.start("run", path, "--json")
        self.assertEqual(detached.wait(timeout=240), 1)
        self.assertIn("waiting for room", client.stderr.readline())
        os.unlink(ballast)
        out, err = client.communicate(timeout=240)
        self.assertEqual(client.returncode, 0, err)
        self.assertIn('"result":1', out)
        done = self.troupe("run", path, "--detach")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.executions()), 4)
        self.assertIsNone(node.poll())

    def executions(self):
        done = self.troupe("executions", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line)["playbook"] for line in done.stdout.splitlines()]

    def test_it_waits_for_room_and_goes_on(self):
        ballast = self.fill()
        process = self.start("run", self.write("loop.yaml", LOOP), "--json")
        self.wait_until_full(process)
        self.assertIsNone(process.poll())
        shown = self.troupe("events", "last", "--json")
        self.assertNotIn("playbook.processed", shown.stdout)
        os.unlink(ballast)
        out, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, err)
        self.assertIn("the event store writes again", err)
        events, notes = self.events()
        self.assertEqual([e["seq"] for e in events], list(range(1, len(events) + 1)))
        self.assertEqual(events[-1]["payload"]["status"], "success")
        self.assertEqual(notes, "")
        self.assertEqual(self.troupe("store", "verify").returncode, 0)
        self.assertEqual(self.troupe("replay", "last", "--check").returncode, 0)

    def test_output_on_a_full_disk_is_a_failure(self):
        path = self.write("small.yaml", "workflow:\n  - step: a\n    tool: { kind: noop, result: 1 }\n")
        self.assertEqual(self.troupe("run", path).returncode, 0)
        with open("/dev/full", "w", encoding="utf-8") as full:
            for args in (["run", path, "--json"], ["executions"], ["executions", "--json"], ["show", "last"], ["show", "last", "--json"],
                         ["events", "last"], ["events", "last", "--json"], ["replay", "last"], ["replay", "last", "--json"], ["replay", "last", "--check"], ["store", "verify"], ["store", "export"],
                         ["store", "compact"], ["help"], ["help", "run"], ["--version"], ["--help"], ["run", "--help"],
                         ["eval", "{{ 1 }}"], ["graph", path], ["convert", path], ["check", "--json", path]):
                done = subprocess.run([kit.TROUPE, *args], stdout=full, stderr=subprocess.PIPE, text=True, env=self.environment(),
                                      cwd=self.folder, timeout=240, check=False)
                self.assertEqual(done.returncode, 1, (args, done.stderr))
                self.assertRegex(done.stderr, "written|cannot be written", args)

    def test_a_closed_output_is_a_failure(self):
        path = self.write("small.yaml", "workflow:\n  - step: a\n    tool: { kind: noop, result: 1 }\n")
        for args in (["run", path], ["run", path, "--json"], ["executions"], ["show", "last", "--json"], ["--version"]):
            done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", kit.TROUPE, *args], stderr=subprocess.PIPE, text=True,
                                  env=self.environment(), cwd=self.folder, timeout=240, check=False)
            self.assertEqual(done.returncode, 1, (args, done.stderr))
            self.assertIn("the output could not be written", done.stderr, args)
        self.assertEqual(self.troupe("store", "verify").returncode, 0)

    def test_control_characters_are_made_visible(self):
        evil = "a\\u001b]0;owned\\u0007\\u009b31mb\\u202e"
        path = self.write("evil.yaml", f"""
            workflow:
              - step: "{evil}"
                tool:
                  - "t{evil}": {{ kind: python, code: "raise ValueError(chr(27) + '[2J' + chr(0x9b) + 'x')" }}
            """)
        checked = self.troupe("check", path)
        runs = [self.troupe("run", path, *args) for args in ([], ["--events"], ["--tree"])] if checked.returncode == 0 else []
        if not runs:  # such names are refused: then texts from tools are what is left
            path = self.write("evil.yaml", """
                workflow:
                  - step: a
                    tool:
                      - t: { kind: python, code: "raise ValueError(chr(27) + '[2J' + chr(0x9b) + 'x')" }
                """)
            runs = [self.troupe("run", path, *args) for args in ([], ["--events"], ["--tree"])]
        runs += [self.troupe("show", "last"), self.troupe("events", "last")]
        for done in runs:
            for bad in ("\x1b", "\x9b", "\u202e", "\x07"):
                self.assertNotIn(bad, done.stdout + done.stderr, done.args)
        self.assertIn("\\x1b[2J\\x9bx", runs[0].stderr)


kit.main()
