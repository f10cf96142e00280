# SPDX-License-Identifier: Apache-2.0
"""Each tool sees its task's idempotency key, and sees the same one when the task is run again."""
import http.server
import threading

import kit


class Keys(http.server.BaseHTTPRequestHandler):
    """Writes down the key of each request; the first one of each path is told to come again."""

    seen = []

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        again = self.path in [path for path, _ in self.seen]
        self.seen.append((self.path, self.headers.get("Idempotency-Key")))
        self.send_response(200 if again else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET = do_PUT = answer

    def log_message(self, *_):
        pass


RETRY = "eval: [{expr: \"{{ outcome.status == 'error' }}\", do: retry, attempts: 2, delay: 0}]"


class Idempotency(kit.Case):
    def setUp(self):
        super().setUp()
        Keys.seen = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keys)
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def requests(self, path, method, more=""):
        url = f"http://127.0.0.1:{self.server.server_address[1]}{path}"
        out = self.run_json(self.write("http.yaml", f"""
            workflow:
              - step: work
                tool:
                  - send: {{ kind: http, method: {method}, url: "{url}", {more} {RETRY} }}
            """))
        keys = [key for at, key in Keys.seen if at == path]
        self.assertEqual(len(keys), 2)
        return out["execution_id"], keys

    def test_http_sends_it_with_what_changes_something(self):
        execution, keys = self.requests("/post", "POST")
        self.assertEqual(keys, [f"{execution}/1/send/1"] * 2)

    def test_http_does_not_with_what_only_reads(self):
        self.assertEqual(self.requests("/get", "GET")[1], [None, None])

    def test_the_header_of_the_task_wins(self):
        self.assertEqual(self.requests("/own", "PUT", "headers: {idempotency-key: mine},")[1], ["mine", "mine"])

    def test_shell_and_python_see_it(self):
        log = self.path("log")
        out = self.run_json(self.write("tools.yaml", f"""
            workflow:
              - step: work
                tool:
                  - sh:
                      kind: shell
                      cmds: ['echo "$TROUPE_IDEMPOTENCY_KEY" >> {log}; test $(wc -l < {log}) = 2']
                      {RETRY}
                  - py:
                      kind: python
                      code: |
                        with open({log!r}, "a") as f:
                            print(context["idempotency_key"], file=f)
                        if context["attempt"] == 1:
                            raise ValueError("again")
                      {RETRY}
            """), "--grant", "exec")
        execution = out["execution_id"]
        with open(log, encoding="utf-8") as f:
            self.assertEqual(f.read().split(), [f"{execution}/1/sh/1"] * 2 + [f"{execution}/1/py/1"] * 2)


kit.main()
