# SPDX-License-Identifier: Apache-2.0
"""The live view on a terminal, the tree of actors, plain lines, NO_COLOR."""
import json
import os
import pty
import re
import select
import subprocess

import kit

LOOP = """
workflow:
  - step: many
    loop: {{ in: [1, 2, 3, 4, 5, 6, 7, 8], iterator: i, spec: {{ mode: parallel, max_in_flight: 4 }} }}
    tool:
      - one:
          kind: python
          code: |
            open({ready!r}, "w").write("x")
            return open({go!r}).read()
"""


class Views(kit.Case):
    def in_terminal(self, *args, env=None):
        """Run on a pseudo terminal; all it printed, and the exit status."""
        master, slave = pty.openpty()
        process = subprocess.Popen([kit.TROUPE, *args], stdin=slave, stdout=slave, stderr=slave, cwd=self.folder,
                                   env=dict(self.environment(), TERM="xterm-256color", **(env or {})), close_fds=True)
        os.close(slave)
        output = b""
        while True:
            ready, _, _ = select.select([master], [], [], 120)
            self.assertTrue(ready, "nothing was printed for two minutes")
            try:
                chunk = os.read(master, 65536)
            except OSError:
                break
            if not chunk:
                break
            output += chunk
        os.close(master)
        return output.decode("utf-8", "replace"), process.wait()

    def test_live_view(self):
        path = self.write("loop.yaml", """
            workflow:
              - step: prepare
                tool: { kind: noop }
                next: many
              - step: many
                loop: { in: "{{ range(50) }}", iterator: i, spec: { mode: parallel } }
                tool:
                  - one: { kind: noop, result: "{{ iter.i }}" }
            """)
        output, code = self.in_terminal("run", path)
        self.assertEqual(code, 0, output)
        self.assertIn("\x1b[", output)
        self.assertIn("50/50", output)
        self.assertIn("prepare", output)
        self.assertIn("█", output)
        self.assertRegex(output, r"\x1b\[3\dm")

    def test_no_color(self):
        path = self.write("one.yaml", "workflow:\n  - step: only\n    tool: { kind: noop }\n")
        output, code = self.in_terminal("run", path, env={"NO_COLOR": "1"})
        self.assertEqual(code, 0, output)
        self.assertNotRegex(output, r"\x1b\[[0-9;]*m")

    def test_tree_shows_step_runs_and_iterations_as_actors(self):
        ready, go = self.fifo("ready"), self.fifo("go")
        process = self.start("run", self.write("loop.yaml", LOOP.format(ready=ready, go=go)), "--tree", "--json")
        # Hold the fifos open so that no opener waits for another; four iterations are then in flight, two of them blocked in `go`.
        reader = os.open(ready, os.O_RDONLY)
        seen = 0
        while seen < 2:
            seen += len(os.read(reader, 1))
        tree = ""
        blocks = 0
        for line in process.stderr:
            if line.startswith("--- "):
                blocks += 1
                if blocks > 1 and "iteration 3 of many" in tree:
                    break
                tree = ""
            tree += line
        for word in ["logger", "plugins", "command.http", "command.python", "store", "artifacts", "catalog", "executions",
                     "command.default"]:
            self.assertIn(word, tree)
        run = re.search(r"^(.*?)<[\d.]+> .*step.*many.*mailbox \d+", tree, re.M)
        self.assertIsNotNone(run, tree)
        iterations = re.findall(r"^(.*?)<[\d.]+> iteration \d+ of many:.*mailbox \d+", tree, re.M)
        self.assertEqual(len(iterations), 4, tree)
        self.assertTrue(all(len(i) > len(run.group(1)) for i in iterations), "iterations stand below their step run")
        writer = os.open(go, os.O_RDWR)
        os.write(writer, b"")
        os.close(writer)
        process.kill()

    def test_json_keeps_stdout_clean(self):
        path = self.write("one.yaml", "workflow:\n  - step: only\n    tool: { kind: noop }\n")
        for view in (["--tree"], ["--events"], []):
            done = self.troupe("run", path, "--json", *view)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["status"], "success")


kit.main()
