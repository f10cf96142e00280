# SPDX-License-Identifier: Apache-2.0
"""troupe run: what it prints, what it takes, and its exit status."""
import json
import signal

import kit

HELLO = """
workload: { who: world, n: 1, deep: { a: 1, b: 2 } }
workflow:
  - step: greet
    tool:
      - say: { kind: noop, result: { text: "Hello, {{ workload.who }}!", n: "{{ workload.n }}", deep: "{{ workload.deep }}" } }
"""


class Run(kit.Case):
    def test_what_is_undefined_and_passed_over_is_told_at_the_end(self):
        playbook = self.write("told.yaml", """\
            workload: { n: 3 }
            workflow:
              - step: first
                args: { a: "{{ workload.n }}" }
                tool: { kind: noop, result: "{{ ctx.nothing }} and more" }
                next: wrong
              - step: wrong
                tool: { kind: python, code: "raise ValueError('no good')" }
                next: [ { step: last, when: "{{ workload.n == 3 }}" } ]
              - step: last
                tool: { kind: noop, result: "{{ steps.first.gone }}" }
            """)
        done = self.troupe("run", playbook)
        self.assertEqual(done.returncode, 0, done.stderr)
        line = 8
        warning = f"  warning, line {line}: ctx.nothing is undefined\n"
        self.assertEqual(done.stderr.count(warning), 1, done.stderr)
        self.assertIn("  wrong failed, and an arc went on from it: ", done.stderr)
        self.assertIn("no good", done.stderr)
        shown = self.troupe("show", "last").stdout
        self.assertIn(warning, shown)
        self.assertIn("wrong failed, and an arc went on from it: ", shown)
        told = json.loads(self.troupe("show", "last", "--json").stdout)["warnings"]
        self.assertEqual([(w["code"], w["line"]) for w in told][0], ("undefined", line))
        told = json.loads(self.troupe("run", playbook, "--json").stdout)["warnings"]
        self.assertEqual(told[0]["message"], "ctx.nothing is undefined")

    def test_rules_that_ask_for_the_fields_of_an_error_warn_of_nothing(self):
        out = self.run_json(self.write("asks.yaml", """
            workflow:
              - step: fine
                tool:
                  kind: noop
                  result: 1
                  eval:
                    - expr: "{{ outcome.error.retryable }}"
                      do: retry
                      attempts: 2
                    - expr: "{{ outcome.error.kind == 'timeout' or output.error.code or outcome.error }}"
                      do: fail
                    - expr: "{{ outcome.eror.kind }}"
                      do: fail
            """))
        self.assertEqual((out["status"], [w["message"] for w in out["warnings"]]),
                         ("success", ["outcome.eror.kind is undefined"]))

    def test_json_has_all_keys(self):
        out = self.run_json(self.write("hello.yaml", HELLO))
        self.assertEqual(set(out), {"execution_id", "playbook", "status", "started_at", "duration_ms", "result", "ctx", "steps",
                                    "failures", "warnings"})
        self.assertEqual(out["status"], "success")
        self.assertRegex(out["execution_id"], r"^[1-9][0-9]{5,18}$")
        self.assertRegex(out["started_at"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
        self.assertGreater(out["duration_ms"], 0)
        self.assertEqual(out["failures"], [])
        self.assertEqual(out["steps"]["greet"]["status"], "success")
        self.assertEqual(out["steps"]["greet"]["runs"], 1)
        self.assertEqual(out["steps"]["greet"]["result"]["text"], "Hello, world!")
        self.assertEqual(out["result"]["text"], "Hello, world!")

    def test_set_and_payload(self):
        path = self.write("hello.yaml", HELLO)
        with open(self.path("payload.json"), "w", encoding="utf-8") as f:
            json.dump({"who": "file", "deep": {"b": 3}}, f)
        out = self.run_json(path, "--payload", self.path("payload.json"), "--set", "n=5", "--set", "deep.c=x y")
        self.assertEqual(out["result"], {"text": "Hello, file!", "n": 5, "deep": {"a": 1, "b": 3, "c": "x y"}})

    def test_payload_from_stdin(self):
        path = self.write("hello.yaml", HELLO)
        done = self.troupe("run", path, "--json", "--payload", "-", stdin='{"who": "stdin"}')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["result"]["text"], "Hello, stdin!")

    def test_env_is_granted_by_name(self):
        path = self.write("env.yaml", """
            workflow:
              - step: look
                tool:
                  - say: { kind: noop, result: { home: "{{ env.HOME }}", path: "{{ env.PATH }}" } }
            """)
        self.assertEqual(self.run_json(path)["result"], {"home": None, "path": None})
        out = self.run_json(path, "--env", "HOME", "--env", "NOT_SET_ANYWHERE")
        self.assertEqual(out["result"], {"home": self.environment()["HOME"], "path": None})

    def test_shell_needs_the_grant_exec(self):
        path = self.write("shell.yaml", """
            workflow:
              - step: greet
                tool:
                  - say: { kind: shell, cmds: ["echo hi"] }
            """)
        self.assertEqual(self.run_json(path, code=1)["steps"]["greet"]["error"]["kind"], "denied")
        self.assertIn("hi", self.run_json(path, "--grant", "exec")["result"]["stdout"])

    def test_plain_output(self):
        done = self.troupe("run", self.write("hello.yaml", HELLO))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["text"], "Hello, world!")
        self.assertIn("greet started", done.stderr)
        self.assertIn("greet done", done.stderr)
        self.assertIn("success", done.stderr)
        self.assertNotIn("\x1b", done.stderr, "no escape sequences where there is no terminal")

    def test_failed_execution_is_1(self):
        out = self.run_json(self.write("fails.yaml", """
            workflow:
              - step: broken
                tool:
                  - boom: { kind: python, code: "raise ValueError('no good')" }
            """), code=1)
        self.assertEqual(out["status"], "failed")
        self.assertEqual(out["steps"]["broken"]["status"], "failed")
        self.assertIn("no good", out["steps"]["broken"]["error"]["message"])
        self.assertEqual(len(out["failures"]), 1)

    def test_errors_say_where_they_come_from(self):
        """In the events, at the end of a run, in show; whoever makes the error."""
        for name, at, body in (
                ("loop", '"{{ workload.text', """loop: { in: "{{ workload.text }}", iterator: row }
                    tool: { kind: noop }"""),
                ("shared", '"{{ workload', """tool: { kind: noop, eval: [ { else: { do: continue, set_shared: { total: { add: "{{ workload.text }}" } } } } ] }"""),
                ("http", "url:", """tool: { kind: http, url: "{{ workload.number }}" }"""),
                ("playbook", "path: \"", """tool: { kind: playbook, path: "{{ workload.text }}" }"""),
                ("python", "tool", """tool: { kind: python, code: "raise ValueError(1)" }"""),
                ("rule", "{ expr", """tool: { kind: noop, eval: [ { expr: true, do: fail, message: no } ] }"""),
                ("template", "1 / 0", """tool: { kind: noop, result: "{{ 1 / 0 }}" }"""),
                ("iteration", "url:", """loop: { in: [ 1, 2 ], iterator: i }
                    tool: { kind: http, url: "{{ iter.i }}" }""")):
            path = self.write(name + ".yaml", f"""
                workload: {{ text: abc, number: 5 }}
                workflow:
                  - step: a
                    {body}
                """)
            with open(path, encoding="utf-8") as f:
                line, column = next((i, text.index(at) + 1) for i, text in enumerate(f, 1) if at in text and i > 3)
            where = f"{path}:{line}" if name == "python" else f"{path}:{line}:{column}"
            done = self.troupe("run", path)
            self.assertEqual(done.returncode, 1, done.stderr)
            said = done.stderr.splitlines()[-1]
            self.assertIn(where, said, name)
            self.assertEqual(said.count(f"{path}:{line}"), 1, "said once")
            self.assertIn(where, self.troupe("show", "last").stdout, name)
            failed = [e for e in self.events()[0] if e["event_type"] == "step.failed"]
            error = failed[0]["payload"]["error"]
            self.assertEqual((error["file"], error["line"]), (path, line), name)

    def test_a_retry_after_a_success_is_no_failure(self):
        done = self.troupe("run", self.write("again.yaml", """
            workflow:
              - step: a
                tool: { kind: noop, eval: [ { expr: "{{ _attempt < 3 }}", do: retry, attempts: 5 } ] }
            """))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("a: a succeeded, and its rule says retry; running it again"), 2, done.stderr)
        self.assertNotIn("failed", done.stderr)

    def test_events_of_a_run(self):
        out = self.run_json(self.write("hello.yaml", HELLO))
        events, notes = self.events(out["execution_id"])
        self.assertEqual(notes, "")
        types = [e["event_type"] for e in events]
        self.assertEqual(types[0], "playbook.execution.requested")
        self.assertEqual(types[-1], "playbook.processed")
        for wanted in ["workflow.started", "token.created", "step.scheduled", "step.started", "task.started", "task.processed",
                       "step.done", "next.evaluated", "workflow.finished"]:
            self.assertIn(wanted, types)
        self.assertEqual([e["seq"] for e in events], list(range(1, len(events) + 1)))
        self.assertTrue(all(e["execution_id"] == out["execution_id"] for e in events))
        self.assertEqual(len({e["event_id"] for e in events}), len(events))

    def test_interrupt_is_130_and_the_log_is_whole(self):
        ready = self.fifo("ready")
        path = self.write("wait.yaml", f"""
            workflow:
              - step: wait
                tool:
                  - sleep:
                      kind: python
                      code: |
                        open({ready!r}, "w").write("x")
                        import time
                        time.sleep(600)
            """)
        process = self.start("run", path, "--json")
        with open(ready, encoding="utf-8") as f:
            self.assertEqual(f.read(), "x")
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 130, stderr)
        self.assertEqual(json.loads(stdout)["status"], "cancelled")
        events, notes = self.events()
        self.assertEqual(notes, "")
        types = [e["event_type"] for e in events]
        self.assertIn("execution.cancelled", types)
        self.assertEqual(types[-1], "playbook.processed")

    def test_usage(self):
        self.assertEqual(self.troupe("run").returncode, 2)
        self.assertEqual(self.troupe("run", "--nonsense").returncode, 2)
        done = self.troupe("frobnicate")
        self.assertEqual(done.returncode, 2)
        self.assertIn("frobnicate", done.stderr)
        done = self.troupe("--version")
        self.assertRegex(done.stdout, r"^troupe \d+\.\d+\.\d+\n$")
        for command in ["run", "check", "events", "eval", "graph", "convert", "help"]:
            done = self.troupe("help", command)
            self.assertEqual(done.returncode, 0)
            self.assertIn(f"usage: troupe {command}", done.stdout)

    def test_only_one_writer(self):
        ready, go = self.fifo("ready"), self.fifo("go")
        path = self.write("wait.yaml", f"""
            workflow:
              - step: wait
                tool:
                  - hold:
                      kind: python
                      code: |
                        open({ready!r}, "w").write("x")
                        return open({go!r}).read()
            """)
        first = self.start("run", path, "--json")
        with open(ready, encoding="utf-8") as f:
            f.read()
        second = self.troupe("node")
        self.assertEqual(second.returncode, 2)
        self.assertIn(f"process {first.pid} ", second.stderr)
        events, _ = self.events()  # reading works meanwhile
        self.assertIn("step.started", [e["event_type"] for e in events])
        with open(go, "w", encoding="utf-8") as f:
            f.write("gone")
        stdout, stderr = first.communicate(timeout=240)
        self.assertEqual(first.returncode, 0, stderr)
        self.assertEqual(json.loads(stdout)["result"], "gone")


kit.main()
