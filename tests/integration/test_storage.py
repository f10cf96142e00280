# SPDX-License-Identifier: Apache-2.0
"""Results that a step sends to a store of the operator's: kept there, loaded from there, and no concern of the node's own store."""
import glob
import os

import kit

PLAYBOOK = """
    workflow:
      - step: make
        tool: { kind: python, result: { store: %s }, code: "return [{'n': i, 'text': 'x' * 100} for i in range(3000)]" }
        next: look
      - step: look
        tool: { kind: noop, result: { last: "{{ make[-1].n }}", rows: "{{ make | length }}" } }
    """


class Storage(kit.Case):
    def setUp(self):
        super().setUp()
        self.kept = self.path("kept")
        self.config = self.write("config.yaml", f"""
            plugins:
              each:
                storage:
                  settings: {{ stores: {{ disk: {{ kind: file, folder: "{self.kept}" }} }} }}
            """, header=False)

    def own(self):
        return [p for p in glob.glob(os.path.join(self.data, "artifacts", "*", "*")) if os.path.isfile(p)]

    def run_with(self, store):
        return self.run_json(self.write(f"{store}.yaml", PLAYBOOK % store), "--config", self.config)

    def test_a_large_result_is_kept_where_the_step_says(self):
        out = self.run_with("disk")
        self.assertEqual(out["steps"]["look"]["result"], {"last": 2999, "rows": 3000})
        self.assertEqual(len(os.listdir(self.kept)), 1)
        self.assertEqual(self.own(), [])
        done = self.troupe("store", "verify")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        events, _ = self.events()
        self.assertLess(max(len(str(e)) for e in events), 50000)
        self.assertIn("'store': 'disk'", str(events))

    def test_another_name_is_the_nodes_own_store(self):
        out = self.run_with("object")
        self.assertEqual(out["steps"]["look"]["result"], {"last": 2999, "rows": 3000})
        self.assertFalse(os.path.exists(self.kept))
        self.assertEqual(len(self.own()), 1)

    def test_a_store_of_the_settings_that_nobody_has_set_up_is_told(self):
        config = self.write("nowhere.yaml", """
            plugins: { each: { result: { settings: { store: nowhere } } } }
            """, header=False)
        playbook = self.write("p.yaml", PLAYBOOK.replace("result: { store: %s }, ", ""))
        done = self.troupe("run", playbook, "--json", "--config", config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("goes to the node's own store: controller:result names the store 'nowhere'", done.stderr)
        self.assertEqual(len(self.own()), 1)

    def test_a_store_that_cannot_take_it_is_told(self):
        with open(self.kept, "w", encoding="ascii"):
            pass  # a file where the folder should be
        playbook = self.write("full.yaml", PLAYBOOK % "disk")
        done = self.troupe("run", playbook, "--json", "--config", self.config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("stays in the event log: the store disk: ", done.stderr)

    def test_a_wrong_store_is_refused_at_the_start(self):
        self.config = self.write("wrong.yaml", """
            plugins: { each: { storage: { settings: { stores: { disk: { kind: tape } } } } } }
            """, header=False)
        done = self.troupe("run", self.write("p.yaml", PLAYBOOK % "disk"), "--config", self.config)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("stores.disk: kind must be file, postgres, duckdb or http, not tape", done.stderr)


kit.main()
