# SPDX-License-Identifier: Apache-2.0
"""Bad input: a clear message with its place, exit status 2 (or 1 for what only running shows), never a crash, never a hang."""
import os
import socket
import threading

import kit

STEP = """
workflow:
  - step: only
    tool: { kind: noop }
"""


class BadInput(kit.Case):
    def refused(self, path, *words, command="run"):
        done = self.troupe(command, path, timeout=240)
        self.assertEqual(done.returncode, 2, f"{done.stdout}\n{done.stderr}")
        for word in words:
            self.assertIn(word, done.stderr)
        return done.stderr

    def both(self, path, *words):
        for command in ("run", "check"):
            self.refused(path, *words, command=command)

    def test_missing_file(self):
        self.both(self.path("not-there.yaml"), "not-there.yaml", "No such file")

    def test_directory(self):
        self.both(self.folder, self.folder, "directory")

    def test_empty_file(self):
        self.both(self.write("empty.yaml", "", header=False), "empty.yaml", "empty")

    def test_broken_yaml(self):
        self.both(self.write("broken.yaml", "workflow:\n  - step: [a\n"), "broken.yaml:")

    def test_template_that_does_not_parse(self):
        path = self.write("template.yaml", """
            workflow:
              - step: only
                when: "{{ workload.x + }}"
                tool: { kind: noop }
            """)
        text = self.refused(path)
        self.assertRegex(text, r"template\.yaml:7:\d+: error")
        self.assertIn("{{ workload.x + }}", text)

    def test_unknown_step_in_next(self):
        path = self.write("next.yaml", """
            workflow:
              - step: first
                tool: { kind: noop }
                next:
                  - step: secnod
              - step: second
                tool: { kind: noop }
            """)
        text = self.refused(path, "secnod", "second")
        self.assertRegex(text, r"next\.yaml:9:\d+: error")

    def test_cyclic_alias(self):
        self.both(self.write("cycle.yaml", "workload: &a { self: *a }\n" + STEP), "cycle.yaml:")

    def test_alias_bomb(self):
        bomb = "workload:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for i in range(1, 12):
            bomb += f"  a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 9) + "]\n"
        self.both(self.write("bomb.yaml", bomb + STEP), "bomb.yaml:")

    def test_100_mb(self):
        path = self.path("large.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(kit.HEADER)
            f.write("workload:\n")
            line = "  key: " + "x" * 1000 + "\n"
            for _ in range(100 * 1024):
                f.write(line)
        self.both(path, "large.yaml", "16 MB")

    def test_invalid_utf8(self):
        path = self.path("utf8.yaml")
        with open(path, "wb") as f:
            f.write(kit.HEADER.encode() + b"workload: { name: \xff\xfe }\n" + STEP.encode())
        text = self.refused(path, "UTF-8")
        self.assertRegex(text, r"utf8\.yaml:4:")

    def test_fifo_does_not_hang(self):
        self.both(self.fifo("pipe.yaml"), "pipe.yaml")

    def test_all_faults_at_once(self):
        path = self.write("many.yaml", """
            vars: { a: 1 }
            workflow:
              - step: a
              - step: a
                tool: { kind: nonsense }
                next: nowhere
            """)
        text = self.refused(path, "vars", "nonsense", "nowhere")
        self.assertGreaterEqual(text.count(": error:"), 4)

    def test_python_that_does_not_compile(self):
        """With its place in the file, whatever stands around the code, and together with other faults."""
        text = """\
            workflow:
              - step: a
                tool:
                  - one:
                      kind: python
                      code: |
                        x = 1

                        def f(x)
                            return x
                  - two: { kind: python, code: "y = (1,", memory: lots }
                  - three: { kind: python, code: "return {'a': 1}" }
        """
        playbook = self.write("syntax.yaml", text)
        for command in ("check", "run"):
            done = self.troupe(command, playbook)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn(f"{playbook}:12:21: error: SyntaxError: expected ':' (workflow[0].tool[0].one.code)", done.stderr)
            self.assertIn(f"{playbook}:14:41: error: SyntaxError: '(' was never closed (workflow[0].tool[1].two.code)", done.stderr)
            self.assertIn(f"{playbook}:14:55: error: 'memory' must be a whole number of at least 1, not text", done.stderr)
            self.assertEqual(done.stderr.count("error: "), 3, done.stderr)

    def test_nats_without_a_server(self):
        """Unless the operator has set one."""
        playbook = self.write("nats.yaml", """\
            workflow:
              - step: a
                tool: { kind: nats, operation: publish, subject: a.b, data: x }
        """)
        done = self.troupe("check", playbook)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{playbook}:6:11: error: a task of kind 'nats' needs 'url' or 'auth' (workflow[0].tool)", done.stderr)
        config = self.write("config.yaml", "plugins: { each: { nats: { settings: { url: 'nats://127.0.0.1:4222' } } } }\n", header=False)
        done = self.troupe("check", "--config", config, playbook)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_bad_set_and_payload(self):
        path = self.write("good.yaml", STEP)
        for args, word in ([["--set", "novalue"], "key=value"], [["--set", "=x"], "key=value"],
                           [["--payload", self.path("none.json")], "none.json"], [["--payload", self.folder], "directory"]):
            done = self.troupe("run", path, *args)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(word, done.stderr)
        done = self.troupe("run", path, "--payload", "-", stdin="[1, 2]")
        self.assertEqual(done.returncode, 2)
        self.assertIn("mapping", done.stderr)
        done = self.troupe("run", path, "--payload", "-", stdin='{"a": ')
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"<stdin>:\d+:\d+: error")

    def test_data_folder_that_cannot_be_made(self):
        with open(self.path("file"), "w", encoding="utf-8"):
            pass
        done = self.troupe("run", self.write("good.yaml", STEP), "--data", self.path("file/below"))
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("file/below", done.stderr)

    def test_a_service_that_is_not_there(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
            out = self.run_json(self.fetch(f"http://127.0.0.1:{port}/"), code=1)
        error = out["steps"]["fetch"]["error"]
        self.assertEqual(error["kind"], "connection")
        self.assertTrue(error["retryable"])
        self.assertIn(str(port), error["message"])

    def fetch(self, url):
        return self.write("fetch.yaml", f"""
            workflow:
              - step: fetch
                tool:
                  - get: {{ kind: http, url: "{url}" }}
            """)

    def answer_once(self, response):
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)

        def serve():
            client, _ = server.accept()
            with client:
                client.recv(65536)
                client.sendall(response)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 10)
        return f"http://127.0.0.1:{server.getsockname()[1]}/"

    def test_a_body_that_is_not_json(self):
        body = b'{"orders": [1, 2,'
        url = self.answer_once(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
                               b"Connection: close\r\n\r\n%s" % (len(body), body))
        done = self.troupe("run", self.fetch(url), "--json", timeout=240)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        self.assertIn("JSON", done.stdout)

    def test_half_a_body(self):
        url = self.answer_once(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"a\":")
        out = self.run_json(self.fetch(url), code=1)
        self.assertEqual(out["steps"]["fetch"]["error"]["kind"], "connection")
        self.assertTrue(out["steps"]["fetch"]["error"]["retryable"])

    def test_events_of_nothing(self):
        done = self.troupe("events", "latest")
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no data folder", done.stderr)
        self.assertEqual(self.troupe("events", "../../etc").returncode, 2)
        self.assertFalse(os.path.exists(self.data), "reading must not create the data folder")
        os.mkdir(self.data)
        done = self.troupe("events", "12345")
        self.assertEqual(done.returncode, 1)
        self.assertIn("12345", done.stderr)

    def test_a_sub_playbook_that_is_not_there(self):
        path = self.write("outer.yaml", """
            workflow:
              - step: call
                tool: { kind: playbook, path: ./inner.yaml }
            """)
        done = self.troupe("check", path)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"outer\.yaml:\d+:\d+: .*there is no playbook \./inner\.yaml \(workflow\[0\]\.tool\.path\)")
        self.write("inner.yaml", "workflow:\n  - step: a\n    tool: { kind: noop }\n")
        self.assertEqual(self.troupe("check", path).returncode, 0)

    def test_a_sub_playbook_that_is_not_there_is_told_with_the_other_faults(self):
        path = self.write("outer.yaml", """
            workbook:
              - { name: entry, kind: playbook, path: ./nor_this.yaml }
              - 7
            workflow:
              - step: call
                tool: { kind: playbook, path: ./nothere.yaml, retrun_step: a }
              - step: other
                tool: [ 7, { kind: htpp }, { kind: noop, when: "{{ 1 + }}" } ]
            """)
        done = self.troupe("check", path)
        self.assertEqual(done.returncode, 2, done.stderr)
        for told in ("there is no playbook ./nothere.yaml (workflow[0].tool.path)",
                     "there is no playbook ./nor_this.yaml (workbook[0].path)", "retrun_step", "htpp"):
            self.assertIn(told, done.stderr)

    def test_hints_at_what_was_meant(self):
        path = self.write("hints.yaml", """
            workbook:
              - { name: rate, kind: noop, args: { currency: EUR }, result: "{{ currency }}" }
            workflow:
              - step: convert
                tool:
                  - p: { kind: workbook, name: rate, currency: CHF }
                  - { name: q, kind: noop, result: "{{ p.eur }}" }
                next: { arcs: [ { step: show } ] }
              - step: show
                tool: { one: { kind: noop, result: "{{ q }} {{ one }}" } }
            """)
        told = self.troupe("check", path).stderr
        for hint in ("what the entry is given stands below 'args'", "'convert.p'", "'convert.q'", "'show.one'"):
            self.assertIn(f"{hint}\n", told)


kit.main()
