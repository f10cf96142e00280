# SPDX-License-Identifier: Apache-2.0
"""Hooks at all fifteen points of a whole node: each runs, what may be changed is changed (and is in the events, so that a
replay needs no hooks), a refusal reaches whoever is to know it."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import kit  # noqa: E402

WITNESS = os.path.join(os.environ["TEST_PLUGINS"], "libwitness.so")
POINTS = ["node_start", "node_stop", "validate_playbook", "validate_step", "execution_start", "execution_complete",
          "step_schedule", "step_run", "task_execute", "task_outcome", "loop_iteration", "event_append",
          "template_render", "secret_resolve", "result_store"]
PLAYBOOK = """
workload: { who: nobody }
keychain:
  - { name: key, kind: static, map: { token: abc } }
workflow:
  - step: first
    args: { given: 1 }
    tool: { kind: noop, result: "{{ workload.who }} {{ args.added | default(0) }} {{ keychain.key.token }}" }
    next: { arcs: [{ step: each }] }
  - step: each
    loop: { in: [1, 2, 3], iterator: n, mode: sequential }
    tool: { kind: noop, result: "{{ iter.n }}" }
    next: { arcs: [{ step: large }] }
  - step: large
    tool: { kind: python, code: "return 'x' * 200000" }
"""


class Hooks(kit.Case):
    def config(self, **settings):
        settings["path"] = self.path("seen.txt")
        return self.write("config.yaml", json.dumps(
            {"plugins": {"paths": [WITNESS], "each": {"witness": {"settings": settings}}}}), header=False)

    def seen(self):
        with open(self.path("seen.txt"), encoding="utf-8") as f:
            return f.read().splitlines()

    def run_with(self, code=0, **settings):
        return self.run_json(self.write("p.yaml", PLAYBOOK), "--config", self.config(**settings), code=code)

    def test_all_fifteen_points_run(self):
        report = self.run_with()
        self.assertEqual(report["steps"]["first"]["result"], "nobody 0 abc")
        seen = self.seen()
        self.assertEqual({line.split()[0] for line in seen}, set(POINTS))
        self.assertEqual((seen[0], seen[-1]), ("node_start", "node_stop"))
        for point in ("step_run after", "loop_iteration after", "template_render after", "secret_resolve after"):
            self.assertIn(point, seen)
        self.assertEqual(seen.count("loop_iteration"), 3)
        self.assertEqual(seen.count("step_run"), 3)
        self.assertEqual(len([line for line in seen if line.startswith("execution_complete")]), 1)

    def test_changes_are_in_the_events(self):
        report = self.run_with(change=True)
        self.assertEqual(report["steps"]["first"]["result"], "changed 7 abc")
        self.assertEqual(report["steps"]["each"]["result"]["results"], [10, 20, 30])
        events, _ = self.events()
        text = json.dumps(events)
        self.assertIn('"added": 7', text)
        self.assertIn('"who": "changed"', text)
        self.assertTrue(all('"annotations": {"seen": true}' in json.dumps(e) for e in events), text[:2000])

    def refused_run(self, point):
        report = self.run_with(code=1, refuse=point)
        self.assertEqual(report["status"], "failed")
        text = json.dumps(report)
        self.assertIn("hook_error", text)
        self.assertIn(f"plugin witness refused: not at {point}", text)

    def test_refusals_reach_the_report(self):
        for point in ("execution_start", "step_schedule", "step_run", "task_execute", "task_outcome", "loop_iteration",
                      "template_render"):
            with self.subTest(point=point):
                self.refused_run(point)

    def test_refusals_of_secrets_and_stores(self):
        """A secret that is refused is not there; a result that may not be stored stays in the log."""
        report = self.run_with(refuse="result_store")
        self.assertEqual(len(report["steps"]["large"]["result"]), 200000)
        done = self.troupe("run", self.write("p.yaml", PLAYBOOK), "--config", self.config(refuse="secret_resolve"))
        self.assertIn("not at secret_resolve", done.stderr)

    def test_refused_playbooks_and_nodes(self):
        for point in ("validate_playbook", "validate_step"):
            playbook, config = self.write("p.yaml", PLAYBOOK), self.config(refuse=point)
            for command in ("run", "check"):
                done = self.troupe(command, playbook, "--config", config)
                self.refused_as_checked(done, point)
        done = self.troupe("run", self.path("p.yaml"), "--config", self.config(refuse="node_start"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("plugin witness refused to let the node start: not at node_start", done.stderr)

    def refused_as_checked(self, done, point):
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, f"p.yaml:[0-9]+:[0-9]+: error: plugin witness refused: not at {point}")
        self.assertRegex(done.stderr, r"\n +[0-9]+ \| .*\n +\| +\^")

    def test_a_node_says_what_its_plugins_refuse(self):
        playbook = self.write("p.yaml", PLAYBOOK)
        node = self.start("node", "--data", self.data, "--config", self.config(refuse="validate_step"))
        node.stdout.readline()
        for command in ("run", "check"):
            self.refused_as_checked(self.troupe(command, playbook, "--data", self.data), "validate_step")
        node.terminate()
        node.communicate(timeout=240)

    def test_what_has_happened_cannot_be_refused(self):
        for point in ("event_append", "execution_complete", "node_stop"):
            with self.subTest(point=point):
                self.assertEqual(self.run_with(refuse=point)["status"], "success")


if __name__ == "__main__":
    kit.main()
