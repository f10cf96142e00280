# SPDX-License-Identifier: Apache-2.0
"""Executions that were running when their node died, and whose plugin is not loaded when the next one begins."""
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import kit  # noqa: E402

GREET = os.path.join(os.environ["TEST_PLUGINS"], "libgreet_1.so")
STEPS = """
workflow:
  - step: before
    tool: {{ kind: shell, cmds: ["echo > {begun}; cat {gate}"] }}
    next: [{{ step: hello }}]
  - step: hello
    tool: {{ kind: greet, who: Ada }}
"""
WAITS = 'it waits for a plugin: step "hello" needs the tool kind "greet", and no loaded plugin performs it'


class Missing(kit.Case):
    def killed(self, playbook=None):
        """An execution whose process was killed in its first step, which is done at once when it is begun again."""
        begun, gate = self.fifo("begun"), self.fifo("gate")
        text = self.write("hello.yaml", STEPS.format(begun=begun, gate=gate))
        process = self.start("run", playbook or text, "--plugin-path", GREET, "--grant", "exec")
        with open(begun, encoding="ascii"):
            pass
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.open_gates("begun", "gate")

    def open_gates(self, *names):
        for name in names:
            os.unlink(self.path(name))
            self.write(name, "", header=False)

    def status(self):
        return [json.loads(line) for line in self.troupe("executions", "--json").stdout.splitlines()]

    def node(self, *args):
        node = self.start("node", "--data", self.data, "--grant", "exec", *args)
        return node, node.stdout.readline()

    def statuses(self, wanted):
        """Until all executions have this status."""
        end = time.monotonic() + 240
        while {e["status"] for e in self.status()} != {wanted}:
            self.assertLess(time.monotonic(), end, self.status())

    def test_it_waits_in_a_node_and_goes_on_when_the_plugin_is_loaded(self):
        self.killed()
        node, ready = self.node()
        self.assertIn("0 executions resumed, 1 wait for a plugin", ready)
        self.assertEqual([e["status"] for e in self.status()], ["interrupted"])
        done = self.troupe("resume", "last")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(WAITS, done.stderr)
        for command in "pause", "unpause":
            done = self.troupe(command, "last")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("it waits for a plugin: nothing of it runs", done.stderr)
            self.assertIn('"greet"', done.stderr)
        self.assertEqual(self.troupe("plugin", "load", GREET).returncode, 0)
        self.statuses("success")
        self.assertIn("hello Ada", json.dumps(self.events("last")[0]))
        node.terminate()
        _, err = node.communicate(timeout=240)
        self.assertIn(WAITS, err)
        self.assertIn("troupe plugin load", err)

    def test_resume_says_so_and_another_with_the_plugin_goes_on(self):
        self.killed()
        for _ in range(2):
            done = self.troupe("resume", "--grant", "exec")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(WAITS, done.stderr)
            self.assertEqual([e["status"] for e in self.status()], ["interrupted"])
        done = self.troupe("resume", "--grant", "exec", "--plugin-path", GREET)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_who_waits_for_it_waits_too(self):
        parent = self.write("outer.yaml", "workflow:\n  - step: call\n    tool: { kind: playbook, path: ./hello.yaml }\n")
        self.killed(playbook=parent)
        done = self.troupe("resume", "--grant", "exec")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("its sub-playbook", done.stderr)
        self.assertEqual({e["status"] for e in self.status()}, {"interrupted"})
        _, ready = self.node()
        self.assertIn("1 wait for a plugin", ready)
        self.assertEqual(self.troupe("plugin", "load", GREET).returncode, 0)
        self.statuses("success")
        self.assertIn("hello Ada", json.dumps(self.events("last")[0]))

    def test_it_can_be_cancelled_without_the_plugin(self):
        self.killed()
        self.node()
        self.assertEqual(self.troupe("cancel", "last").returncode, 0)
        self.statuses("cancelled")

    def test_what_lies_behind_it_needs_no_plugin(self):
        begun, gate = self.fifo("begun2"), self.fifo("gate2")
        text = self.write("past.yaml", f"""
            workflow:
              - step: hello
                tool: {{ kind: greet, who: Ada }}
                next: [{{ step: later }}]
              - step: later
                tool: {{ kind: shell, cmds: ["echo > {begun}; cat {gate}"] }}
            """)
        process = self.start("run", text, "--plugin-path", GREET, "--grant", "exec")
        with open(begun, encoding="ascii"):
            pass
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.open_gates("begun2", "gate2")
        self.assertEqual(self.troupe("resume", "--grant", "exec").returncode, 0)
        self.assertEqual([e["status"] for e in self.status()], ["success"])

    def test_what_a_plugin_of_the_node_says_of_its_inputs_is_checked(self):
        self.node()
        good, bad = (self.write(f"{name}.yaml", f"workflow:\n  - step: s\n    tool: {{ kind: hail, {what} }}\n")
                     for name, what in (("good", "who: Ada"), ("bad", "how: 5")))
        self.assertIn("no tool kind is called 'hail'", self.troupe("check", good).stderr)
        self.assertEqual(self.troupe("plugin", "load", GREET.replace("greet_1", "hail")).returncode, 0)
        self.assertEqual(self.troupe("check", good).returncode, 0)
        for command in "check", "run":
            done = self.troupe(command, bad)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("a task of kind 'hail' needs 'who'", done.stderr)

    def test_a_new_one_is_refused(self):
        done = self.troupe("run", self.write("hello.yaml", STEPS.format(begun="x", gate="y")))
        self.assertEqual(done.returncode, 2)
        self.assertIn("no tool kind is called 'greet'", done.stderr)


if __name__ == "__main__":
    kit.main()
