# SPDX-License-Identifier: Apache-2.0
"""Twenty secrets used in one run, from every place that a playbook can have them: none is found in what the run leaves behind or shows."""
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import unittest

import kit

COUNT = 20


class Echo:
    """The test HTTP server: /echo answers with what arrived, secrets included."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, "-B", os.path.join(kit.SOURCE, "tests/support/http_server.py")],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[0])

    def stop(self):
        self.process.communicate("")


class Secrets(kit.Case):
    def setUp(self):
        super().setUp()
        self.echo = Echo()
        self.addCleanup(self.echo.stop)
        self.values = [f"s3cr3t-{i:02d}-{os.urandom(6).hex()}" for i in range(COUNT)]
        self.env = {f"APP_SECRET_{i}": v for i, v in enumerate(self.values[:10])}
        for i in range(10, COUNT):
            done = self.troupe("credential", "add", f"cred{i}", "--type", "bearer", "token=-", stdin=self.values[i] + "\n")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn(self.values[i], done.stdout + done.stderr)

    def environment(self):
        return dict(super().environment(), no_proxy="*", **getattr(self, "env", {}))

    def playbook(self):
        url = f"http://127.0.0.1:{self.echo.port}/echo"
        steps = []
        for i in range(10):
            follow = f"use{i}"
            steps.append(f"""
              - step: get{i}
                tool: {{ kind: secrets, provider: env, name: APP_SECRET_{i} }}
                next: {follow}
              - step: {follow}
                tool:
                  - show:
                      kind: python
                      args: {{ value: "{{{{ get{i}.value }}}}" }}
                      code: |
                        print("python has", value)
                        result = {{"length": len(value), "echo": value, "inside": "<" + value + ">"}}
                  - send: {{ kind: http, url: "{url}", method: POST, json: {{ token: "{{{{ get{i}.value }}}}" }} }}
                  - note: {{ kind: noop, result: {{ sent: "{{{{ get{i}.value }}}}" }}, eval: [ {{ else: {{ do: continue, set_ctx: {{ kept{i}: "{{{{ outcome.result.sent }}}}" }} }} }} ] }}
                next: {"get%d" % (i + 1) if i < 9 else "keys"}""")
        for i in range(10, COUNT):
            name = "keys" if i == 10 else f"call{i}"
            nxt = f"next: call{i + 1}" if i < COUNT - 1 else "next: large"
            auth = f"auth: cred{i}" if i % 2 else f'auth: {{ type: bearer, token: "{{{{ keychain.k{i}.token }}}}" }}'
            steps.append(f"""
              - step: {name}
                tool: {{ kind: http, url: "{url}", {auth} }}
                {nxt}""")
        steps.append("""
              - step: large
                tool:
                  - many:
                      kind: python
                      args: { value: "{{ get0.value }}" }
                      code: |
                        result = [value + " " + "x" * 100 for _ in range(2000)]
                next: crash
              - step: crash
                tool: { kind: python, args: { value: "{{ get1.value }}" }, code: "raise ValueError('bad ' + value)" }""")
        keychain = "keychain:\n" + "\n".join(
            f"  k{i}: {{ kind: secret_manager, provider: credential, map: {{ token: cred{i} }}, field: token }}"
            for i in range(10, COUNT, 2)) + "\n"
        return self.write("secrets.yaml", keychain + "workflow:" + "".join(steps) + "\n")

    def found_in(self, text, where):
        data = text if isinstance(text, bytes) else text.encode()
        return [f"{where}: secret {i}" for i, v in enumerate(self.values) if v.encode() in data]

    def watch_ps(self, stop, found):
        while not stop.is_set():
            found.extend(self.found_in(subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, check=True).stdout, "ps"))
            stop.wait(0.05)

    def test_twenty_secrets_leave_no_trace(self):
        found, stop = [], threading.Event()
        watcher = threading.Thread(target=self.watch_ps, args=(stop, found))
        watcher.start()
        names = ",".join(self.env)
        options = [o for name in names.split(",") for o in ("--env", name)]
        done = self.troupe("run", self.playbook(), "--events", *options)
        stop.set()
        watcher.join()
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)  # the last step fails on purpose
        self.assertIn("bad ***", done.stdout + done.stderr)
        found += self.found_in(done.stdout + done.stderr, "output")
        files = 0
        for folder, _, names in os.walk(self.data):
            for name in names:
                path = os.path.join(folder, name)
                files += 1
                with open(path, "rb") as f:
                    found += self.found_in(f.read(), path)
                if path.endswith(".zst") or "artifact" in path:
                    plain = subprocess.run(["zstd", "-dc", path], capture_output=True, check=False).stdout
                    found += self.found_in(plain, path + " (unpacked)")
        self.assertGreater(files, 3)
        for path, _, names in os.walk(self.folder):
            self.assertEqual([n for n in names if n.startswith("core")], [], path)
        events, _ = self.events()
        for event in events:
            found += self.found_in(repr(event), event["event_type"])
        self.assertEqual(found, [])
        # And they were really used: what the server and Python saw had their length.
        done = [e for e in events if e["event_type"] == "task.processed"]
        lengths = [e["payload"]["outcome"]["result"]["length"] for e in done
                   if isinstance(e["payload"].get("outcome", {}).get("result"), dict) and "length" in e["payload"]["outcome"]["result"]]
        self.assertEqual(lengths, [len(self.values[0])] * 10)


class Dump(kit.Case):
    """A plugin that breaks the node with a secret in its hands: the crash dump tells of it, but not what it is."""
    SECRET = "hunter2-and-more"

    def environment(self):
        return dict(super().environment(), APP_SECRET=self.SECRET)

    @unittest.skipUnless("TEST_PLUGINS" in os.environ, "a sanitizer has handlers of its own")
    def test_a_crash_dump_holds_no_secret(self):
        plugin = os.path.join(os.environ["TEST_PLUGINS"], "libfrail.so")
        playbook = self.write("dump.yaml", """
            workflow:
              - step: get
                tool: { kind: secrets, provider: env, name: APP_SECRET }
                next: use
              - step: use
                tool: { kind: frail, do: "null", token: "{{ get.value }}" }
            """)
        done = self.troupe("run", playbook, "--env", "APP_SECRET", "--plugin-path", plugin,
                           preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)))
        self.assertEqual(done.returncode, -signal.SIGSEGV, done.stdout + done.stderr)
        self.assertFalse(os.path.exists(self.path("troupe_crash.dump")), "it is left where the program was started")
        with open(self.path("state/troupe/troupe_crash.dump"), "rb") as f:
            dump = f.read()
        self.assertIn(b'"token": #String<%d bytes>' % len(self.SECRET), dump)
        self.assertIn(b'note: "frail"', dump)
        # The frame of the plugin has its file, its function and the place in the file.
        self.assertRegex(dump, rb"#\d+ +0x[0-9a-f]+ \w+\+0x[0-9a-f]+ \(libfrail\.so, addr2line 0x[1-9a-f][0-9a-f]*\)")
        self.assertIn(b"end of the crash dump", dump)
        self.assertNotIn(b"hunter2", dump)
        self.assertNotIn("hunter2", done.stdout + done.stderr)


class Granted(kit.Case):
    """A variable that was granted and is not set is another matter than one that was not granted."""

    def test_a_variable_that_is_not_set(self):
        playbook = self.write("env.yaml", """
            workflow:
              - step: get
                tool: { kind: secrets, provider: env, name: UNSET_SECRET }
            """)
        self.assertNotIn("UNSET_SECRET", os.environ)
        done = self.troupe("run", playbook, "--env", "UNSET_SECRET")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("the node's environment has no variable UNSET_SECRET", done.stdout + done.stderr)
        self.assertNotIn("grant", done.stdout + done.stderr)
        done = self.troupe("run", playbook)
        self.assertIn("the grant secret:UNSET_SECRET is missing", done.stdout + done.stderr)


class Forged(kit.Case):
    """What stands for a secret gives the secret to the template that uses it: it is ours alone, and not taken from outside."""
    REF = {"kind": "secret_ref", "input": {"provider": "env", "name": "FORGED_SECRET"}}

    def environment(self):
        return dict(super().environment(), FORGED_SECRET="the-crown-jewels")

    def refused(self, playbook, *options, code=1):
        done = self.troupe("run", playbook, "--env", "FORGED_SECRET", *options)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, code, said)
        self.assertRegex(said, r"holds? \{kind: secret_ref\}")
        self.assertNotIn("the-crown-jewels", said)
        return said

    def test_an_answer(self):
        said = self.refused(self.write("answer.yaml", f"""
            workflow:
              - step: get
                tool: {{ kind: python, code: "result = {{'rows': [1, {{'id': {self.REF}}}]}}" }}
                next: show
              - step: show
                tool: {{ kind: python, args: {{ id: "{{{{ get.rows[1].id }}}}" }}, code: "result = id[::-1]" }}
            """))
        self.assertIn("at result.rows[1].id;", said)

    def test_rows_of_a_cursor(self):
        self.refused(self.write("cursor.yaml", f"""
            workflow:
              - step: each
                loop:
                  iterator: row
                  cursor: {{ kind: python, code: "result = [{self.REF}]" }}
                tool: {{ kind: python, args: {{ id: "{{{{ row }}}}" }}, code: "result = id[::-1]" }}
            """))

    def test_a_payload(self):
        playbook = self.write("payload.yaml", """
            workload: { id: none }
            workflow:
              - step: show
                tool: { kind: python, args: { id: "{{ workload.id }}" }, code: "result = id[::-1]" }
            """)
        payload = os.path.join(self.folder, "payload.json")
        with open(payload, "w", encoding="utf-8") as f:
            json.dump({"id": self.REF}, f)
        self.refused(playbook, "--payload", payload)


class Store(kit.Case):
    """The store of credentials from outside: nothing in it is replaced, or locked anew, unless somebody says so."""

    def environment(self):
        return dict(super().environment(), **getattr(self, "env", {}))

    def add(self, *words, code=0):
        done = self.troupe("credential", "add", "api", *words)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout + done.stderr

    def test_replace_and_rekey(self):
        self.assertIn(": 1 field in ", self.add("user=one"))
        self.assertIn("--replace", self.add("user=two", "kind=x", code=1))
        self.assertIn("is replaced: 2 fields in ", self.add("--replace", "--type", "basic", "user=two", "kind=x"))
        self.assertEqual(self.troupe("credential", "list").stdout.split(), ["api", "basic", "user", "kind", "type"])
        self.env = {"TROUPE_CREDENTIAL_PASSPHRASE": "a long passphrase"}
        self.add("--replace", "user=three")
        self.env = {}
        self.assertEqual(self.troupe("credential", "list").stdout.split(), ["api", "-", "user"])
        self.env = {"TROUPE_CREDENTIAL_PASSPHRASE": "a long passphrase"}
        self.assertEqual(self.troupe("credential", "rekey", "passphrase").returncode, 0)
        self.env = {}
        self.assertIn("locked by a passphrase", self.troupe("credential", "list").stderr)


kit.main()
