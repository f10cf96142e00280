# SPDX-License-Identifier: Apache-2.0
"""Sub-playbooks: results, failures, depth, what survives a kill of the whole process."""
import json
import signal
import socket

import kit

INNER = """
workload: { n: 1 }
workflow:
  - step: one
    tool: { kind: noop, result: "{{ workload.n * 10 }}" }
    next: two
  - step: two
    tool: { kind: noop, result: { sum: "{{ one + 1 }}", of: "{{ workload.n }}" } }
    next: [{ step: bad, when: "{{ workload.n > 100 }}" }, { step: end, when: "{{ workload.n <= 100 }}" }]
  - step: bad
    tool: { kind: python, code: "raise ValueError('too much')" }
  - step: end
    tool: { kind: noop, result: the end }
"""


class Children(kit.Case):
    def outer(self, task, more=""):
        self.write("inner.yaml", INNER)
        return self.write("outer.yaml", f"""
            workflow:
              - step: call
                tool: {{ kind: playbook, path: ./inner.yaml, {task} }}
                {more}
            """)

    def test_the_fields_of_the_returned_step(self):
        out = self.run_json(self.outer("args: { n: 4 }, return_step: two"))["result"]
        self.assertEqual((out["sum"], out["of"], out["status"]), (41, 4, "success"))
        self.assertEqual(out["result"], {"sum": 41, "of": 4})
        self.assertRegex(out["execution_id"], r"^\d+$")

    def test_without_a_step_the_result_of_the_execution(self):
        self.assertEqual(self.run_json(self.outer("args: { n: 4 }"))["result"]["result"], "the end")

    def test_the_parent_is_in_the_log_of_the_child(self):
        out = self.run_json(self.outer("args: { n: 4 }"))
        events, _ = self.events(out["result"]["execution_id"])
        parent = events[0]["payload"]["parent"]
        self.assertEqual(str(parent["execution_id"]), out["execution_id"])
        self.assertEqual(self.events("last")[0][0]["execution_id"], out["execution_id"], "the newest is the child; the last is what was started")
        self.assertEqual(parent["key"], f"{out['execution_id']}/1/call/1#1")
        events, _ = self.events(out["execution_id"])
        types = [e["event_type"] for e in events]
        self.assertLess(types.index("child.started"), types.index("child.done"))
        self.assertLess(types.index("child.done"), types.index("task.processed"))

    def test_a_resume_of_all_meets_children_that_their_parent_has_taken_up(self):
        """Each runs once, whoever takes it up first, and neither the answer nor the exit code says that one failed."""
        self.write("kid.yaml", """
            workflow:
              - step: s
                tool:
                  - a: { kind: noop, eval: [{ expr: "{{ _attempt < 2 }}", do: retry, attempts: 3, delay: 3 }] }
            """)
        process = self.start("run", self.write("many.yaml", """
            workflow:
              - step: s
                loop: { in: "{{ range(60) | list }}", iterator: k, spec: { mode: parallel, max_in_flight: 60 } }
                tool: { kind: playbook, path: ./kid.yaml }
            """), "--events")
        begun = 0
        for line in process.stderr:
            begun += "child.started" in line or "ChildStarted" in line
            if begun == 60:
                break
        self.assertEqual(begun, 60)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        done = self.troupe("resume")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("runs already", done.stderr)
        for line in self.troupe("executions", "--json", "--limit", "100").stdout.splitlines():
            self.assertEqual(json.loads(line)["status"], "success")

    def test_a_failed_child_is_an_error_that_names_the_cause(self):
        out = self.run_json(self.outer("args: { n: 400 }"), code=1)
        error = out["steps"]["call"]["error"]
        self.assertEqual((error["kind"], error["code"]), ("playbook", "failed"))
        self.assertRegex(error["message"], r"playbook \./inner\.yaml \(execution \d+\) ended as failed: step bad: ValueError: too much")

    def test_each_try_is_a_child_of_its_own(self):
        out = self.run_json(self.outer("args: { n: 400 }, eval: [{ expr: \"{{ _attempt < 3 }}\", do: retry, attempts: 3, delay: 0 }, { else: { do: continue } }]"))
        events, _ = self.events(out["execution_id"])
        ids = [e["payload"]["execution_id"] for e in events if e["event_type"] == "child.started"]
        self.assertEqual(len(set(ids)), 3)

    def test_a_timeout_cancels_the_child(self):
        self.write("slow.yaml", "workflow:\n  - step: s\n    tool: { kind: shell, cmds: [sleep 1000] }\n")
        out = self.run_json(self.write("outer.yaml", """
            workflow:
              - step: call
                tool: { kind: playbook, path: ./slow.yaml, timeout: 0.5 }
            """), "--grant", "exec", code=1)
        self.assertEqual(out["steps"]["call"]["error"]["kind"], "timeout")
        events, _ = self.events(out["execution_id"])
        child = [e["payload"]["execution_id"] for e in events if e["event_type"] == "child.started"][0]
        events, _ = self.events(str(child))
        self.assertEqual(events[-1]["status"], "cancelled")

    def test_one_that_calls_itself_without_end(self):
        out = self.run_json(self.write("self.yaml", "workflow:\n  - step: a\n    tool: { kind: playbook, path: ./self.yaml }\n"), code=1)
        self.assertIn("a condition that ends it", out["steps"]["a"]["error"]["message"])

    def test_no_such_playbook(self):
        out = self.run_json(self.write("outer.yaml", "workflow:\n  - step: a\n    tool: { kind: playbook, path: \"./{{ 'no' }}.yaml\" }\n"), code=1)
        self.assertEqual(out["steps"]["a"]["error"]["kind"], "no_playbook")

    def test_nobody_waits(self):
        out = self.run_json(self.outer("args: { n: 4 }, wait: false"))
        self.assertEqual(out["result"]["status"], "running")
        events, _ = self.events(out["result"]["execution_id"])
        self.assertEqual(events[-1]["status"], "success")

    def test_cancel_reaches_a_request_of_a_child(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.write("inner.yaml", f"""
                workflow:
                  - step: ask
                    tool: {{ kind: http, url: "http://127.0.0.1:{server.getsockname()[1]}/" }}
                """)
            process = self.start("run", self.write("outer.yaml", """
                workflow:
                  - step: call
                    tool: { kind: playbook, path: ./inner.yaml }
                """), "--json")
            server.settimeout(240)
            connection, _ = server.accept()
            with connection:
                connection.settimeout(240)
                self.assertTrue(connection.recv(65536).startswith(b"GET / "))
                process.send_signal(signal.SIGINT)
                self.assertEqual(connection.recv(65536), b"")  # closed from the other side, nobody waits for an answer
            process.communicate(timeout=240)
            self.assertEqual(process.returncode, 130)
        for one in self.children() + [self.parent]:
            events, _ = self.events(one)
            self.assertEqual((events[-1]["event_type"], events[-1]["status"]), ("playbook.processed", "cancelled"))

    def children(self):
        listed = self.troupe("executions", "--json")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        ids = [e["execution_id"] for line in listed.stdout.splitlines() for e in self.rows(json.loads(line))]
        found = []
        for one in ids:
            events, _ = self.events(str(one))
            if events and "parent" in events[0]["payload"]:
                found.append(str(one))
            else:
                self.parent = str(one)
        return sorted(found)

    @staticmethod
    def rows(shown):
        return shown if isinstance(shown, list) else shown.get("executions", [shown])


kit.main()
