# SPDX-License-Identifier: Apache-2.0
"""What an operator says on the command line about kinds, grants, settings and files: taken, or refused with what to do."""
import os

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
                tool: { kind: python, code: "x = (" }
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
        self.assertEqual(self.troupe("run", playbook, "--grant", "fs:/tmp").returncode, 0)

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
        self.assertEqual(self.troupe("executions", "--status", "failed,running").returncode, 0)

    def test_a_built_in_plugin_stays(self):
        self.node()
        done = self.troupe("plugin", "unload", "python", "--cascade")
        self.assertEqual(done.returncode, 1)
        self.assertIn("plugin python is built in and stays", done.stderr)
        self.assertIn("python", self.troupe("plugin", "list").stdout)


if __name__ == "__main__":
    kit.main()
