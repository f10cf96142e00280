# SPDX-License-Identifier: Apache-2.0
"""Every example playbook does what its header says, against the real order service."""
import glob
import json
import os
import urllib.request

import kit

FOLDER = os.path.join(kit.SOURCE, "examples/playbooks")


class Examples(kit.Case):
    @classmethod
    def setUpClass(cls):
        cls.service = kit.Service()
        cls.addClassCleanup(cls.service.stop)

    def example(self, name, code=0):
        return self.run_json(os.path.join(FOLDER, name), "--set", f"api_url={self.service.url}", code=code)

    def fetch(self, path):
        with urllib.request.urlopen(self.service.url + path, timeout=240) as f:
            return json.load(f)

    def test_every_example_is_checked_without_a_warning_and_says_what_it_is(self):
        files = sorted(glob.glob(os.path.join(FOLDER, "*.yaml")))
        self.assertGreaterEqual(len(files), 6)
        for file in files:
            with self.subTest(file=os.path.basename(file)):
                done = self.troupe("check", file)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertNotIn("warning", done.stderr)
                with open(file, encoding="utf-8") as f:
                    head = f.read(2000)
                self.assertTrue(head.startswith("#"))
                self.assertIn("troupe run examples/playbooks/" + os.path.basename(file), head)

    def test_every_example_succeeds(self):
        for file in sorted(glob.glob(os.path.join(FOLDER, "*.yaml"))):
            with self.subTest(file=os.path.basename(file)):
                if os.path.basename(file).startswith("duckdb") and not os.path.exists(os.environ.get("TROUPE_DUCKDB", "")):
                    self.skipTest("DuckDB's library is not here; `make duckdb` fetches it with npm")
                out = self.example(os.path.basename(file))
                self.assertEqual(out["status"], "success")
                self.assertEqual(out["failures"], [])


kit.main()
