# SPDX-License-Identifier: Apache-2.0
"""The tool kind artifact against the node's store: put, get, head, delete, by uri, by hash and by a result's reference."""
import glob
import json
import os
import resource
import subprocess
import sys

import kit


class Artifacts(kit.Case):
    def files(self):
        return [p for p in glob.glob(os.path.join(self.data, "artifacts", "*", "*")) if os.path.isfile(p)]

    def test_put_and_get_in_another_execution(self):
        put = self.write("put.yaml", """
            workflow:
              - step: save
                tool:
                  - small: { kind: artifact, action: put, name: note, data: { text: "žluť", big: 9223372036854775807, list: [1, null, 2.5] } }
                  - same: { kind: artifact, action: put, data: "{{ save.small.data }}" }
                  - check: { kind: noop, result: { same: "{{ save.small.sha256 == save.same.sha256 }}", text: "{{ save.small.data.text }}", uri: "{{ save.small.uri }}", sha: "{{ save.small.sha256 }}", size: "{{ save.small.size }}" } }
            """)
        result = self.run_json(put)["result"]
        self.assertEqual(result["same"], True)
        self.assertEqual(result["text"], "žluť")
        self.assertRegex(result["uri"], r"^noetl://execution/\d+/step/save/note/[0-9a-f]{16}$")
        self.assertEqual(len(self.files()), 1)
        self.assertGreater(result["size"], 20)
        get = self.write("get.yaml", """
            workload: { ref: none }
            workflow:
              - step: load
                tool:
                  - get: { kind: artifact, action: get, ref: "{{ workload.ref }}" }
                  - head: { kind: artifact, action: head, ref: "{{ load.get.uri }}" }
                  - show: { kind: noop, result: { data: "{{ load.get.data }}", sha: "{{ load.head.sha256 }}", size: "{{ load.head.size }}" } }
            """)
        for ref in (result["uri"], result["sha"], "sha256:" + result["sha"], "noetl://artifact/" + result["sha"]):
            found = self.run_json(get, "--set", f"ref={ref}")["result"]
            self.assertEqual(found["data"], {"text": "žluť", "big": 9223372036854775807, "list": [1, None, 2.5]})
            self.assertEqual((found["sha"], found["size"]), (result["sha"], result["size"]))

    def test_a_large_value_stays_a_reference_until_it_is_used(self):
        book = self.write("large.yaml", """
            workflow:
              - step: make
                tool: { kind: python, code: "return [{'n': i, 'text': 'x' * 100} for i in range(5000)]" }
                next: save
              - step: save
                tool:
                  - put: { kind: artifact, action: put, data: "{{ make }}" }
                  - get: { kind: artifact, action: get, ref: "{{ save.put }}" }
                next: look
              - step: look
                tool: { kind: noop, result: { last: "{{ save.data[-1].n }}", size: "{{ save.size }}", again: "{{ save.data | length }}" } }
            """)
        result = self.run_json(book)["result"]
        self.assertEqual((result["last"], result["again"]), (4999, 5000))
        self.assertGreater(result["size"], 500000)
        events, _ = self.events()
        self.assertLess(max(len(str(e)) for e in events), 100000)

    def test_a_large_result_of_a_task_is_read_by_its_label(self):
        result = self.run_json(self.write("label.yaml", """
            workflow:
              - step: a
                tool:
                  - big: { kind: noop, result: { rows: "{{ range(30000) | list }}" } }
                  - last: { kind: noop, result: small }
                next: [ { step: b, when: "{{ a.big.rows | length == 30000 }}" }, { step: wrong } ]
              - step: b
                tool: { kind: noop, result: { here: "{{ a.big.rows | length }}", last: "{{ a.last }}" } }
              - step: wrong
                tool: { kind: noop, result: wrong }
            """))["result"]
        self.assertEqual(result, {"here": 30000, "last": "small"})

    def test_absent_wrong_and_deleted(self):
        book = self.write("gone.yaml", """
            workflow:
              - step: go
                tool:
                  - put: { kind: artifact, action: put, data: "here today" }
                  - delete: { kind: artifact, action: delete, ref: "{{ go.put.uri }}" }
                  - again: { kind: artifact, action: delete, ref: "{{ go.put.uri }}" }
                  - head: { kind: artifact, action: head, ref: "{{ go.put.uri }}", eval: [ { when: "{{ outcome.error.kind == 'not_found' }}", do: continue }, { else: { do: fail } } ] }
                  - get: { kind: artifact, action: get, ref: "{{ go.put.sha256 }}", eval: [ { when: "{{ outcome.error.kind == 'not_found' }}", do: continue }, { else: { do: fail } } ] }
                  - wrong: { kind: artifact, action: get, ref: "../../etc/passwd", eval: [ { when: "{{ 'names no artifact' in outcome.error.message }}", do: continue }, { else: { do: fail } } ] }
                  - odd: { kind: artifact, action: get, ref: "{{ 5 }}", eval: [ { when: "{{ outcome.error.kind == 'input' }}", do: continue }, { else: { do: fail } } ] }
                  - show: { kind: noop, result: { first: "{{ go.delete.deleted }}", second: "{{ go.again.deleted }}" } }
            """)
        self.assertEqual(self.run_json(book)["result"], {"first": True, "second": False})
        self.assertEqual(self.files(), [])

    def test_a_deletion_is_no_damage_and_touches_only_its_own(self):
        put = self.write("put.yaml", """
            workflow:
              - step: save
                tool: { kind: artifact, action: put, name: note, data: "held by several" }
            """)
        delete = self.write("delete.yaml", """
            workload: { ref: none }
            workflow:
              - step: go
                tool:
                  - try: { kind: artifact, action: delete, ref: "{{ workload.ref }}", eval: [ { when: "{{ outcome.status == 'error' }}", do: continue }, { else: { do: continue } } ] }
                  - show: { kind: noop, result: { kind: "{{ (go.try.error | default({})).kind | default('none') }}", deleted: "{{ go.try.deleted | default(false) }}" } }
            """)
        made = self.run_json(put)["result"]
        key = made["uri"].rsplit("/", 1)[1]
        for ref in (made["uri"], made["sha256"], f"noetl://execution/1/step/s/x/{key}"):
            self.run_json(delete, "--set", f"ref={ref}")
            self.assertEqual(len(self.files()), 1, ref)
        both = self.write("both.yaml", """
            workflow:
              - step: save
                tool:
                  - mine: { kind: artifact, action: put, name: mine, data: "held by several" }
                  - wrong: { kind: artifact, action: delete, ref: "{{ save.mine.uri | replace('/mine/', '/other/') }}" }
                  - right: { kind: artifact, action: delete, ref: "{{ save.mine.uri }}" }
                  - alone: { kind: artifact, action: put, data: "held by one" }
                  - gone: { kind: artifact, action: delete, ref: "{{ save.alone }}" }
                  - show: { kind: noop, result: { wrong: "{{ save.wrong.deleted }}", right: "{{ save.right.deleted }}", gone: "{{ save.gone.deleted }}" } }
            """)
        self.assertEqual(self.run_json(both)["result"], {"wrong": False, "right": True, "gone": True})
        self.assertEqual([os.path.basename(p) for p in self.files()], [made["sha256"]])
        self.assertEqual(self.troupe("store", "verify", self.data).returncode, 0)
        os.remove(self.files()[0])
        lost = self.troupe("store", "verify", self.data)
        self.assertEqual(lost.returncode, 1)
        self.assertIn("it is not there", lost.stdout)

    def test_what_was_imported_can_be_deleted_by_who_put_it(self):
        both = self.write("both.yaml", """
            workflow:
              - step: save
                tool:
                  - mine: { kind: artifact, action: put, name: mine, data: "to be deleted later" }
                  - gone: { kind: artifact, action: put, data: "deleted at once" }
                  - drop: { kind: artifact, action: delete, ref: "{{ save.gone }}" }
                  - show: { kind: noop, result: "{{ save.mine }}" }
            """)
        made = self.run_json(both)["result"]
        exported = self.troupe("store", "export")
        self.assertEqual(exported.returncode, 0, exported.stderr)  # what was deleted is no failure
        self.assertIn(" 0 failed", exported.stderr)
        self.data = self.path("copy")
        self.assertEqual(self.troupe("store", "import", stdin=exported.stdout).returncode, 0)
        self.assertEqual(self.troupe("store", "verify").returncode, 0)
        lists = glob.glob(os.path.join(self.data, "artifacts/*/.*.by"))
        with open(next(p for p in lists if made["sha256"] in p)) as f:
            self.assertRegex(f.read(), r"^\+\d+/step/save/mine\n$")
        self.assertEqual(self.troupe("store", "export").stdout, exported.stdout)
        # One that is older than these lists gets its list by a repair.
        for path in lists:
            if made["sha256"] in path:
                os.unlink(path)
        repaired = self.troupe("store", "repair", "--json")
        self.assertEqual(json.loads(repaired.stdout)["holders"], 1, repaired.stdout + repaired.stderr)
        with open(next(p for p in lists if made["sha256"] in p)) as f:
            self.assertRegex(f.read(), r"^\+\d+/step/save/mine\n$")

    def test_secrets_are_not_stored(self):
        os.environ["TROUPE_TEST_SECRET"] = "s3cr3t-value-of-artifacts"
        self.addCleanup(os.environ.pop, "TROUPE_TEST_SECRET")
        book = self.write("secret.yaml", """
            workflow:
              - step: go
                tool:
                  - key: { kind: secrets, provider: env, name: TROUPE_TEST_SECRET }
                  - put: { kind: artifact, action: put, data: { inside: "<{{ go.key.value }}>" } }
                  - get: { kind: artifact, action: get, ref: "{{ go.put.uri }}" }
                  - show: { kind: noop, result: { shown: "{{ go.get.data.inside }}" } }
            """)
        result = self.run_json(book, "--env", "TROUPE_TEST_SECRET")["result"]
        self.assertNotIn("s3cr3t-value", str(result))

    def test_a_large_download_is_not_in_memory(self):
        server = subprocess.Popen([sys.executable, "-B", os.path.join(kit.SOURCE, "tests/support/http_server.py")],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ, no_proxy="*"))
        self.addCleanup(server.communicate, "")
        port = int(server.stdout.readline().split()[0])
        size = 130_000_000
        book = self.write("download.yaml", f"""
            workflow:
              - step: load
                tool: {{ kind: http, url: "http://127.0.0.1:{port}/stream?n={size}", max_body: 300000000 }}
                next: look
              - step: look
                tool: {{ kind: artifact, action: head, ref: "{{{{ load.sha256 }}}}" }}
            """)
        os.environ["no_proxy"] = "*"
        result = self.run_json(book)["result"]
        self.assertEqual(result["size"], size + 5)
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, size / 1024 * 0.75, "KiB")
        self.assertEqual(glob.glob(os.path.join(self.data, "spool", "*")), [])

    def test_a_limit_of_nothing_or_less_keeps_nothing_inline(self):
        for limit in 0, -5:
            out = self.run_json(self.write("inline.yaml", f"""
                workflow:
                  - step: a
                    tool:
                      - x: {{ kind: python, code: "return [1, 2, 3]", result: {{ inline_max: {limit} }} }}
                """))
            self.assertEqual(out["steps"]["a"]["result"]["kind"], "result_ref", limit)


kit.main()
