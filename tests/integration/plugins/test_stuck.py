# SPDX-License-Identifier: Apache-2.0
"""Plugins in the node itself that never come back, or end the process: what a person and a script see of it."""
import os
import signal
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import kit  # noqa: E402

FRAIL = os.path.join(os.environ["TEST_PLUGINS"], "libfrail.so")
STEPS = """
workload: { what: count }
workflow:
  - step: c
    tool: { kind: frail, do: "{{ workload.what }}", timeout: 1 }
"""
LEFT = "plugin frail did not end within"


class Stuck(kit.Case):
    def setUp(self):
        super().setUp()
        self.playbook = self.write("frail.yaml", STEPS)

    def run_with(self, what, *more):
        return self.troupe("run", self.playbook, "--plugin-path", FRAIL, "--set", f"what={what}", *more)

    def test_exit_is_no_success(self):
        done = self.run_with("exit", "--json")
        self.assertEqual((done.returncode, done.stdout), (3, ""), done.stderr)
        self.assertIn("troupe run: plugin frail called exit(0) in the middle", done.stderr)
        self.assertIn("interrupted", self.troupe("executions").stdout)
        # Without anybody who exits, the status is the playbook's.
        self.assertEqual(self.run_with("count").returncode, 0)

    @unittest.skipUnless(os.environ.get("TROUPE_TEST_LONG"), "waits for the limits of a node's end: TROUPE_TEST_LONG=1")
    def test_a_loop_ends_with_the_playbooks_status(self):
        done = self.run_with("loop")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(LEFT, done.stderr)
        self.assertIn("plugin frail runs on", done.stderr)
        self.assertIn("failed: test", done.stderr + done.stdout)
        self.assertEqual(self.troupe("store", "verify", self.data).returncode, 0)

    @unittest.skipUnless(os.environ.get("TROUPE_TEST_LONG"), "waits for the limits of a node's end: TROUPE_TEST_LONG=1")
    def test_a_node_ends_at_sigterm(self):
        node = self.start("node", "--data", self.data, "--plugin-path", FRAIL)
        self.assertIn("ready", node.stdout.readline())
        done = self.troupe("run", self.playbook, "--data", self.data, "--set", "what=loop")
        self.assertEqual(done.returncode, 1, done.stderr)
        node.send_signal(signal.SIGTERM)
        _, err = node.communicate(timeout=240)
        self.assertEqual(node.returncode, 0, err)
        self.assertIn(LEFT, err)


if __name__ == "__main__":
    kit.main()
