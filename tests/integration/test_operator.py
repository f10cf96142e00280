# SPDX-License-Identifier: Apache-2.0
"""What an operator says on the command line about kinds, grants, settings and files: taken, or refused with what to do."""
import json
import os
import shutil
import subprocess
import unittest

import kit

UNKNOWN = """
    workflow:
      - step: a
        tool: { kind: hologram, query: select 1 }
    """
CODE = """
    workflow:
      - step: a
        tool: { kind: python, file: code/add.py, args: { a: 2, b: 3 } }
    """
HELLO = """
    workload: { who: world, deep: { size: 1, open: {} }, text: "{{ 1 + 1 }}" }
    workflow:
      - step: a
        tool: { kind: noop, result: "{{ workload.who }}" }
    """


class Operator(kit.Case):
    def node(self):
        process = self.start("node")
        line = process.stdout.readline()
        self.assertTrue(line.startswith("ready: process "), line)
        return process

    def refused(self, *args):
        done = self.troupe(*args)
        self.assertEqual(done.returncode, 2, f"{args}\n{done.stdout}\n{done.stderr}")
        return done.stderr

    def test_a_kind_without_a_plugin_is_refused_before_anything_runs(self):
        playbook = self.write("unknown.yaml", UNKNOWN)
        for command in "check", "run":
            said = self.refused(command, playbook)
            self.assertIn("unknown.yaml:7:19: error: no tool kind is called 'hologram'", said)
        self.assertEqual(self.troupe("executions").stdout, "", "nothing may have been begun")

    def test_code_in_a_file_is_meant_from_the_playbooks_folder(self):
        os.makedirs(self.path("book/code"))
        playbook = self.write("book/add.yaml", CODE)
        with open(self.path("book/code/add.py"), "w", encoding="utf-8") as f:
            f.write("return {'sum': a + b}\n")
        self.assertEqual(self.run_json(playbook)["steps"]["a"]["result"], {"sum": 5})

    def test_a_syntax_error_names_its_line_once(self):
        playbook = self.write("bad.yaml", """
            workflow:
              - step: a
                tool: { kind: python, code: "x = {{ '(' }}" } # a template: it is known only when it runs
            """)
        out = self.run_json(playbook, code=1)
        message = str(out)
        self.assertIn("SyntaxError: '(' was never closed (line 1, ", message)
        self.assertNotIn("(a/", message)

    def test_what_is_no_grant_is_refused(self):
        playbook = self.write("hello.yaml", HELLO)
        for command in "run", "check":
            said = self.refused(command, playbook, "--grant", "exce")
            self.assertIn("--grant exce is no grant; there are net, net:HOST", said)
            self.assertIn("the path behind fs: must be absolute", self.refused(command, playbook, "--grant", "fs:data"))
        self.assertEqual(self.troupe("run", playbook, "--grant", "fs:/tmp").returncode, 0)

    def test_code_is_read_before_it_runs(self):
        playbook = self.write("code.yaml", """\
            workflow:
              - step: good
                tool: { kind: python, code: "return await input_data['x']" }
                next: bad
              - step: bad
                tool:
                  kind: python
                  code: |
                    a = 1
                    b = (a
                next: later
              - step: later
                tool: { kind: python, code: "x = {{ ctx.y }} (" }
                next: far
              - step: far
                tool: { kind: python, file: not_there.py }
            """)
        with open(playbook, encoding="utf-8") as f:
            line, column = next((i, text.index("(") + 1) for i, text in enumerate(f, 1) if "b = (a" in text)
        said = self.refused("check", playbook)
        self.assertIn(f"code.yaml:{line}:{column}: error: SyntaxError: '(' was never closed (workflow[1].tool.code)", said)
        text = open(playbook, encoding="utf-8").read().replace("b = (a", "b = (a)")
        with open(playbook, "w", encoding="utf-8") as f:
            f.write(text)
        said = self.troupe("check", playbook)
        self.assertIn("warning: there is no file not_there.py (yet) (workflow[", said.stderr)
        line, written = next((n + 1, row) for n, row in enumerate(text.splitlines()) if "not_there.py" in row)
        self.assertIn(f"code.yaml:{line}:{written.index('not_there.py') + 1}: warning", said.stderr)
        self.assertEqual(said.returncode, 0)

    def test_a_name_that_the_workload_lacks_is_warned_of(self):
        playbook = self.write("hello.yaml", HELLO)
        for name, words in (("wo", "the workload has no 'wo'; did you mean 'who'?"),
                            ("deep.sise", "the workload has no 'sise'; did you mean 'size'?")):
            done = self.troupe("run", playbook, "--set", f"{name}=Ada")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"warning: --set {name}: {words}", done.stderr)
        done = self.troupe("run", playbook, "--set", "who=Ada", "--set", "deep.open.x=1", "--set", "deep.size=2", "--set", "text=3")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("--set", done.stderr)

    def test_what_is_no_status_is_refused(self):
        for status in "foo", "failed,", "success,foo", "":
            self.assertIn("--status takes some of running,paused,", self.refused("executions", "--status", status))
        os.mkdir(self.data)
        self.assertEqual(self.troupe("executions", "--status", "failed,running").returncode, 0)

    def test_a_built_in_plugin_stays(self):
        self.node()
        done = self.troupe("plugin", "unload", "python", "--cascade")
        self.assertEqual(done.returncode, 1)
        self.assertIn("plugin python is built in and stays", done.stderr)
        self.assertIn("--force unloads it", done.stderr)
        self.assertIn("python", self.troupe("plugin", "list").stdout)

    def test_new_plugins_are_named_with_their_article(self):
        for kind, article in ("provider", "a"), ("handler", "a"), ("validator", "a"), ("extension", "an"), ("integration", "an"), \
                ("controller", "a"):
            done = self.troupe("plugin", "new", f"my-{kind}", "--type", kind)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"my-{kind}/ is {article} {kind} plugin that offers", done.stdout)

    def test_last_words_on_an_execution_that_has_ended(self):
        out = self.run_json(self.write("hello.yaml", HELLO))
        for node in False, True:
            if node:
                self.node()
            for command in "pause", "unpause", "cancel":
                done = self.troupe(command, "last")
                self.assertEqual((done.returncode, done.stderr),
                                 (1, f"troupe {command}: execution {out['execution_id']}: it has ended (success)\n"))
                done = self.troupe(command, "123")
                self.assertEqual(done.returncode, 1)
                self.assertIn("there is no execution '123' in", done.stderr)
        done = self.troupe("resume", "last")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("execution"), 1, done.stderr)

    def waiting(self, *args):
        """A run that waits in a step of its own until the fifo is opened; its process and id."""
        go, ready = self.fifo("go"), self.fifo("ready")
        playbook = self.write("wait.yaml", f"""
            workflow:
              - step: fork
                tool: {{ kind: noop }}
                next: {{ spec: {{ mode: inclusive }}, arcs: [{{ step: slow }}, {{ step: fast }}, {{ step: gate }}] }}
              - step: slow
                tool: {{ kind: python, code: "open({ready!r}, 'w').close(); open({go!r}).read()" }}
                next: meet
              - step: fast
                tool: {{ kind: noop }}
                next: meet
              - step: meet
                tool: {{ kind: noop }}
              - step: gate
                when: "{{{{ ctx.ready is defined }}}}"
                tool: {{ kind: noop }}
            """)
        process = self.start("run", playbook, *args)
        with open(ready, encoding="utf-8") as f:
            f.read()
        return process, go

    def show(self):
        done = self.troupe("show", "last", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout), self.troupe("show", "last").stdout

    def test_pausing_what_is_paused(self):
        process, go = self.waiting("--json")
        for command, code, said in (("unpause", 1, "it is not paused"), ("pause", 0, ""), ("pause", 1, "it is paused already"), ("unpause", 0, "")):
            done = self.troupe(command, "last")
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(said, done.stderr)
        with open(go, "w", encoding="utf-8"):
            pass
        process.communicate(timeout=240)

    def test_show_says_what_is_waited_for(self):
        process, go = self.waiting("--json")
        shown, text = self.show()
        while len(shown["waiting"]) < 2:  # the other branches are on their way
            shown, text = self.show()
        self.assertEqual(shown["status"], "running")
        self.assertEqual([(w["step"], w["why"], w["from"], w["when"]) for w in shown["waiting"]],
                         [("meet", "join", ["slow"], None), ("gate", "guard", [], "{{ ctx.ready is defined }}")])
        self.assertIn("running for ", text)
        self.assertIn("waiting at meet: 1 token, for those that may still come from slow", text)
        with open(go, "w", encoding="utf-8"):
            pass
        process.communicate(timeout=240)
        shown, text = self.show()
        self.assertEqual((shown["status"], [w["step"] for w in shown["waiting"]]), ("stalled", ["gate"]))
        self.assertIn("stalled in ", text)
        self.assertIn("waiting at gate: 1 token, its 'when' is false: {{ ctx.ready is defined }}", text)

    def test_a_run_that_stalled_says_where_to_look(self):
        done = self.troupe("run", self.write("gate.yaml", """
            workflow:
              - step: begin
                tool: { kind: noop }
                next: gate
              - step: gate
                when: "{{ ctx.ready is defined }}"
                tool: { kind: noop }
            """))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"stalled: test in .*, execution (\d+)\n  'troupe show \1' tells what waits")

    def test_show_says_that_an_execution_was_interrupted(self):
        process, _ = self.waiting("--json")
        process.kill()
        process.communicate()
        shown, text = self.show()
        self.assertEqual(shown["status"], "interrupted")
        self.assertEqual({s["step"]: s["status"] for s in shown["steps"]}["slow"], "interrupted")
        self.assertIn("interrupted after ", text)
        self.assertIn(f"nobody performs it; 'troupe resume {shown['execution_id']}' goes on with it", text)
        other = self.path("it's")
        os.rename(self.data, other)
        text = self.troupe("show", "last", "--data", other).stdout
        quoted = other.replace("'", "'\\''")
        self.assertIn(f"'troupe resume {shown['execution_id']} --data '{quoted}'' goes on with it", text)

    def test_a_data_folder_that_is_not_there_is_told(self):
        typo = self.path("typo")
        for command in (["executions"], ["show", "last"], ["events", "last"], ["replay", "last"], ["resume"], ["resume", "last"],
                        ["cancel", "last"], ["store", "verify"], ["store", "compact"], ["store", "repair"], ["store", "export"]):
            done = self.troupe(*command, "--data", typo)
            self.assertEqual(done.returncode, 1, command)
            self.assertIn(f"{typo}: there is no data folder\n", done.stderr, command)
            self.assertEqual(done.stdout, "", command)
            self.assertFalse(os.path.exists(typo), command)
        self.assertIn("there is no data folder", self.troupe("executions").stderr)  # $TROUPE_DATA names one, too
        os.mkdir(typo)
        done = self.troupe("executions", "--data", typo)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        with open(self.path("file"), "w", encoding="utf-8"):
            done = self.troupe("executions", "--data", self.path("file"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("Not a directory", done.stderr)

    def test_the_usual_data_folder_need_not_be_there_yet(self):
        env = dict(self.environment(), XDG_DATA_HOME=self.path("home"))
        del env["TROUPE_DATA"]
        done = subprocess.run([kit.TROUPE, "executions"], env=env, capture_output=True, text=True, timeout=240, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        done = subprocess.run([kit.TROUPE, "show", "last"], env=env, capture_output=True, text=True, timeout=240, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no execution in", done.stderr)

    @unittest.skipIf(os.geteuid() == 0 and not shutil.which("setpriv"), "root may read everything")
    def test_a_data_folder_that_may_not_be_read_is_told(self):
        playbook = self.write("small.yaml", "workflow:\n  - step: a\n    tool: { kind: noop }\n")
        self.assertEqual(self.troupe("run", playbook).returncode, 0)
        os.chmod(self.folder, 0o755)
        as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        if as_nobody and subprocess.run([*as_nobody, kit.TROUPE, "--version"], capture_output=True, timeout=240, check=False).returncode != 0:
            self.skipTest("the program cannot be started as nobody here")
        for closed in (self.data, os.path.join(self.data, "executions")):
            mode = os.stat(closed).st_mode
            os.chmod(self.data, 0o755)
            os.chmod(closed, 0)
            for command in (["executions"], ["show", "last"], ["resume"]):
                done = subprocess.run([*as_nobody, kit.TROUPE, *command], env=self.environment(), capture_output=True, text=True,
                                      timeout=240, check=False)
                self.assertEqual(done.returncode, 1, command)
                self.assertIn("Permission denied", done.stderr, command)
            os.chmod(closed, mode)

    def test_attempts_that_are_used_up_are_counted(self):
        done = self.troupe("run", self.write("again.yaml", """
            workflow:
              - step: a
                tool: { kind: shell, cmds: "true", eval: [ { expr: "{{ outcome.status == 'error' }}", do: retry, attempts: 3, delay: 0 } ] }
            """))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"\n  a: shell may not run commands: .*, 3 of 3 attempts \(denied\)")
        self.assertIn(", 3 of 3 attempts", self.troupe("show", "last").stdout)

    def test_a_start_that_fails_has_one_reason(self):
        self.node()
        done = self.troupe("node")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"\Atroupe node: .* process \d+ is writing here; .*\n\Z")
        self.assertIn("a child could not be started", self.troupe("node", "--verbose").stderr)

    def test_what_is_no_export_is_not_imported(self):
        for stream, said in (("hello\x1b[2J\n", "it begins with 'hello\\x1b[2J', an export with {\"troupe_export\":1}"), ("", "it is empty"),
                             ('{"troupe_export":2}\n', "it is an export of version 2; this program reads version 1")):
            done = self.troupe("store", "import", stdin=stream)
            self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
            self.assertIn("standard input is no export: " + said, done.stderr)
        done = self.troupe("store", "import", "--file", self.folder)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("cannot be read: Is a directory", done.stderr)

    def test_a_data_folder_needs_a_name_that_fits(self):
        hello = self.write("hello.yaml", HELLO)
        for command in (["credential", "list"], ["plugin", "list"], ["check", hello], ["run", hello], ["executions"]):
            self.assertIn("--data: the folder's name is empty", self.refused(*command, "--data", ""))
            self.assertIn("--data: the folder's name is too long", self.refused(*command, "--data", self.folder + "/x" * 3000))

    def test_resume_takes_the_options_of_a_node(self):
        self.assertIn("--grant exce is no grant", self.refused("resume", "--grant", "exce"))
        self.assertIn("cannot be read", self.refused("resume", "--config", self.path("none.yaml")))
        go, ready = self.fifo("go"), self.fifo("ready")
        process = self.start("run", self.write("granted.yaml", f"""
            workflow:
              - step: slow
                tool: {{ kind: python, code: "open({ready!r}, 'w').close(); open({go!r}).read()" }}
                next: granted
              - step: granted
                tool: {{ kind: shell, cmds: [echo granted] }}
            """), "--grant", "exec", "--json")
        with open(ready, encoding="utf-8") as f:
            f.read()
        process.kill()
        process.communicate()
        process = self.start("resume", "last", "--grant", "exec", "--json")
        with open(ready, encoding="utf-8") as f:
            f.read()
        with open(go, "w", encoding="utf-8"):
            pass
        out, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, err)
        self.assertIn("granted", str(json.loads(out)["steps"]["granted"]["result"]))


if __name__ == "__main__":
    kit.main()
