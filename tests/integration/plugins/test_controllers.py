# SPDX-License-Identifier: Apache-2.0
"""Controllers in a whole node: their settings, a stranger's in their place, and how they are listed."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import kit  # noqa: E402

REGENT = os.path.join(os.environ["TEST_PLUGINS"], "libregent.so")
PREFER = {"controller:iterator": "regent", "controller:result": "regent", "controller:workbook": "regent"}
LARGE = """
workflow:
  - step: large
    tool: { kind: noop, result: "{{ 'x' * 5000 }}" }
"""
LOOP = """
workflow:
  - step: each
    loop: { in: [1, 2, 3, 4, 5, 6], iterator: n, spec: { mode: parallel, on_error: %s } }
    tool:
      - one: { kind: noop, result: "{{ iter.n }}", eval: [{ when: "{{ iter.n == 2 }}", do: fail }, { else: { do: continue } }] }
"""
WORKBOOK = """
workload: { who: Ada }
workbook:
  - { name: hello, kind: noop, result: "Hello {{ who }}{{ mark }}" }
workflow:
  - step: greet
    tool: { kind: workbook, name: "{{ 'hello' if workload.who == 'Ada' else workload.who }}", args: { who: Bo, mark: "!" } }
"""


class Controllers(kit.Case):
    def settings(self, **plugins):
        """Settings of built-in plugins."""
        return self.write("config.yaml", json.dumps(
            {"plugins": {"each": {name: {"settings": said} for name, said in plugins.items()}}}), header=False)

    def regent(self, **settings):
        return self.write("config.yaml", json.dumps({"plugins": {
            "paths": [REGENT], "prefer": PREFER, "each": {"regent": {"settings": settings}}}}), header=False)

    def run_with(self, playbook, config, *args, code=0):
        return self.run_json(self.write("p.yaml", playbook), "--config", config, *args, code=code)

    def kept(self):
        """What the log has of the step `large`."""
        events, _ = self.events()
        return [e for e in events if e["event_type"] == "step.done"][0]["payload"]["result"]

    def iterations(self, kind):
        events, _ = self.events()
        return [e["iteration"] for e in events if e["event_type"] == f"loop.iteration.{kind}"]

    # ---- settings

    def test_results_are_inline_up_to_what_the_operator_says(self):
        self.run_with(LARGE, self.settings())
        self.assertEqual(self.kept(), "x" * 5000)
        report = self.run_with(LARGE, self.settings(result={"inline_max": 4096}))
        self.assertEqual((self.kept()["kind"], self.kept()["store"]), ("result_ref", "file"))
        self.assertEqual(report["steps"]["large"]["result"]["kind"], "result_ref")

    def test_the_usual_store_is_the_operators(self):
        config = self.settings(result={"inline_max": 4096, "store": "disk"},
                               storage={"stores": {"disk": {"kind": "file", "folder": self.path("results")}}})
        self.run_with(LARGE + "    next: [{ step: use }]\n  - step: use\n"
                      "    tool: { kind: noop, result: \"{{ large | length }}\" }\n", config)
        self.assertEqual(self.kept()["store"], "disk")
        self.assertEqual(len(os.listdir(self.path("results"))), 1)

    def test_the_operator_bounds_loops(self):
        self.run_with(LOOP % "continue", self.settings(iterator={"max_in_flight": 1}))
        events, _ = self.events()
        order = [e["event_type"].split(".")[-1] for e in events if e["event_type"].startswith("loop.iteration.")]
        self.assertEqual(order, ["started", "done"] * 6)

    def test_a_bad_setting_is_named(self):
        done = self.troupe("run", self.write("p.yaml", LARGE), "--config", self.settings(result={"inline_max": 5}))
        self.assertEqual(done.returncode, 2)
        self.assertIn("plugin result: inline_max: must be at least 1024", done.stderr)

    # ---- another one in their place

    def test_another_says_what_a_loop_goes_over(self):
        report = self.run_with(LOOP % "finish", self.regent(items=[7, 8, 9]))
        self.assertEqual(report["steps"]["each"]["result"],
                         {"results": [7, 8, 9], "stats": {"total": 3, "success": 3, "failed": 0}})

    def test_another_stops_a_loop(self):
        self.run_with(LOOP % "finish", self.regent(stop=True, window=1), code=1)
        self.assertEqual(self.iterations("started"), [0, 1])

    def test_another_pardons_failures(self):
        report = self.run_with(LOOP % "finish", self.regent(pardon=True))
        self.assertEqual(report["steps"]["each"]["result"]["stats"]["failed"], 1)

    def test_another_puts_results_together(self):
        report = self.run_with(LOOP % "continue", self.regent(sum=True, items=[4, 5]))
        self.assertEqual(report["steps"]["each"]["result"], {"results": 9, "stats": {"by": "regent"}})

    def test_another_leaves_large_values_where_they_are(self):
        self.run_with("workflow:\n  - step: large\n    tool: { kind: noop, result: \"{{ 'x' * 100000 }}\" }\n",
                      self.regent(inline=True))
        self.assertEqual(self.kept(), "x" * 100000)

    def test_another_knows_more_entries(self):
        config = self.regent(catalogue={"company": {"kind": "noop", "input": {"result": "{{ kept }}"}},
                                        "again": {"kind": "workbook", "input": {"name": "hello", "who": "Cy"}},
                                        "renamed": {"entry": "hello", "inputs": {"who": "Di", "mark": "?"}}})
        for who, wanted in (("Ada", "Hello Bo!"), ("company", "{{ kept }}"), ("again", "Hello Cy"), ("renamed", "Hello Di?")):
            with self.subTest(who=who):
                report = self.run_with(WORKBOOK, config, "--set", f"who={who}")
                self.assertEqual(report["steps"]["greet"]["result"], wanted)
        report = self.run_with(WORKBOOK, config, "--set", "who=nobody", code=1)
        self.assertIn('the workbook has no entry \\"nobody\\"', json.dumps(report))

    def test_answers_that_cannot_be_used_fail_the_step(self):
        for odd, playbook, named in (("plan", LOOP % "continue", "controller:iterator"),
                                     ("aggregate", LOOP % "continue", "controller:result"),
                                     ("resolve", WORKBOOK, "controller:workbook")):
            with self.subTest(odd=odd):
                report = self.run_with(playbook, self.regent(odd=odd), code=1)
                self.assertIn(f"{named} gave an answer that cannot be used (plugin regent is asked first)", json.dumps(report))

    def test_a_crash_names_the_plugin(self):
        report = self.run_with(LOOP % "continue", self.regent(odd="crash"), code=1)
        self.assertIn('ended: {in, \\"plugin regent\\", \\"boom\\"}', json.dumps(report))

    def test_one_that_always_crashes_fails_what_needs_it_and_nothing_else(self):
        node = self.start("node", "--data", self.data, "--config", self.regent(odd="always"))
        self.assertTrue(node.stdout.readline().startswith("ready"))
        for _ in range(4):
            done = self.troupe("run", self.write("p.yaml", LARGE))
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn('ended: {in, "plugin regent", "boom"}', done.stdout + done.stderr)
        small = self.write("small.yaml", LARGE.replace("'x' * 5000", "'x'"))
        self.assertEqual(self.troupe("run", small).returncode, 0)

    # ---- a node that runs

    def test_passing_is_no_failure(self):
        node = self.start("node", "--data", self.data, "--config", self.regent())
        self.assertTrue(node.stdout.readline().startswith("ready"))
        done = self.troupe("run", self.write("p.yaml", LOOP % "continue"))
        self.assertEqual(done.returncode, 0, done.stderr)
        commands = json.loads(self.troupe("plugin", "info", "regent", "--json").stdout)["commands"]
        self.assertEqual(commands["failed"], 0, commands)
        self.assertGreater(commands["done"], 2)  # it plans, and passes the failure, the end and the results

    def test_tiers_are_listed(self):
        node = self.start("node", "--data", self.data, "--config", self.regent())
        self.assertTrue(node.stdout.readline().startswith("ready"))
        rows = {row.split()[0]: row.split() for row in self.troupe("plugin", "list").stdout.splitlines()}
        self.assertEqual(rows["PLUGIN"][3:5], ["TIER", "ISOLATION"])
        tiers = {"http": "action", "secrets": "action", "storage": "shared", "credentials": "shared",
                 "playbook": "controller", "iterator": "controller", "result": "controller", "workbook": "controller"}
        self.assertEqual({name: rows[name][3] for name in tiers}, tiers)
        self.assertEqual(rows["iterator"][-1], "-")
        self.assertEqual(set(rows["regent"][-1].split(",")), set(PREFER))
        info = json.loads(self.troupe("plugin", "info", "result", "--json").stdout)
        self.assertEqual((info["tier"], info["controls"], info["builtin"]), ("controller", [], True))

    def test_who_loads_one_that_is_not_preferred_is_told(self):
        node = self.start("node", "--data", self.data)
        self.assertTrue(node.stdout.readline().startswith("ready"))
        done = self.troupe("plugin", "load", REGENT)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("The engine does not ask it yet", done.stderr)
        for capability in PREFER:
            self.assertIn(f'"{capability}": regent', done.stderr)


if __name__ == "__main__":
    kit.main()
