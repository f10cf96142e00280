# SPDX-License-Identifier: Apache-2.0
"""Python children: killed in the middle of a task, the outcome says so, a rule retries on a fresh child, the run succeeds."""
import json
import os
import shlex
import signal

import kit


class PythonChild(kit.Case):
    def playbook(self, rules):
        self.ready, self.go = self.fifo("ready"), self.fifo("go")
        return self.write("child.yaml", f"""
            workflow:
              - step: work
                tool:
                  - task:
                      kind: python
                      code: |
                        import os
                        with open({self.ready!r}, "w") as f:
                            f.write(str(os.getpid()))
                        with open({self.go!r}) as f:
                            return f.read()
                      {rules}
            """)

    def pid(self):
        with open(self.ready, encoding="utf-8") as f:
            return int(f.read())

    def test_a_killed_child_is_retried_on_a_fresh_one(self):
        path = self.playbook("eval: [{expr: \"{{ outcome.status == 'error' and outcome.error.retryable }}\", do: retry, "
                             "attempts: 3, delay: 0}]")
        process = self.start("run", path, "--json")
        first = self.pid()
        os.kill(first, signal.SIGKILL)
        second = self.pid()
        self.assertNotEqual(first, second)
        with open(self.go, "w", encoding="utf-8") as f:
            f.write("done")
        stdout, stderr = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, stderr)
        self.assertEqual(json.loads(stdout)["result"], "done")
        events, _ = self.events()
        retried = [e for e in events if e["event_type"] == "task.retried"]
        self.assertEqual(len(retried), 1)
        self.assertIn("signal 9", retried[0]["payload"]["error"]["message"])

    def test_without_a_rule_the_step_fails_and_says_so(self):
        process = self.start("run", self.playbook(""), "--json")
        os.kill(self.pid(), signal.SIGKILL)
        stdout, stderr = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 1, stderr)
        error = json.loads(stdout)["steps"]["work"]["error"]
        self.assertIn("signal 9", error["message"])
        self.assertTrue(error["retryable"])

    def test_no_child_outlives_the_program(self):
        process = self.start("run", self.playbook(""), "--json")
        child = self.pid()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        # The child's end of the protocol closes with the program; it ends by itself, so its /proc entry goes or turns into a zombie.
        fd = os.pidfd_open(child) if os.path.exists(f"/proc/{child}") else None
        if fd is not None:
            import select
            ready, _, _ = select.select([fd], [], [], 60)
            os.close(fd)
            self.assertTrue(ready, "the interpreter still runs")

    def mark(self):
        """A number of seconds to sleep that nobody else sleeps: to find the process again."""
        return str(10_000_000 + int.from_bytes(os.urandom(3), "big"))

    @staticmethod
    def sleeping(mark):
        found = []
        for n in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{n}/cmdline", "rb") as f:
                    if mark.encode() in f.read().split(b"\0"):
                        found.append(int(n))
            except OSError:
                pass
        return found

    def leaves(self, mark, then):
        """A task that starts a process which holds none of its descriptors, and then does something."""
        return self.write("leaves.yaml", f"""
            workflow:
              - step: work
                tool:
                  - task:
                      kind: python
                      timeout: 1
                      code: |
                        import subprocess
                        n = subprocess.DEVNULL
                        subprocess.Popen(["sleep", "{mark}"], stdin=n, stdout=n, stderr=n)
                        {then}
                      eval: [{{else: {{do: continue}}}}]
                  - check: {{kind: shell, cmds: ["pgrep -f -x 'sleep {mark}' || true"]}}
            """)

    def test_what_a_task_leaves_behind_ends_with_it(self):
        mark = self.mark()
        seen = self.run_json(self.leaves(mark, "return 1"), "--grant", "exec")
        self.assertEqual(seen["result"]["stdout"], "")
        self.assertEqual(self.sleeping(mark), [])

    def test_a_timeout_ends_the_whole_group(self):
        mark = self.mark()
        seen = self.run_json(self.leaves(mark, "import time; time.sleep(1000)"), "--grant", "exec")
        self.assertEqual(seen["result"]["stdout"], "")
        self.assertEqual(self.sleeping(mark), [])

    def test_an_interpreter_that_ends_leaves_nobody(self):
        mark = self.mark()
        seen = self.run_json(self.leaves(mark, "import os; os._exit(3)"), "--grant", "exec")
        self.assertEqual(seen["result"]["stdout"], "")
        self.assertEqual(self.sleeping(mark), [])

    def lasting(self):
        """The mark, and the command of a process that says itself when it runs, and then stays as it is: its command line can be read by then."""
        mark, ready, never = self.mark(), self.fifo("ready"), self.fifo("never")
        return mark, ["sh", "-c", f"echo > {ready}; read nothing < {never}", "sh", mark]

    def cancelled(self, playbook, mark, *args):
        process = self.start("run", playbook, "--json", *args)
        ready = self.path("ready")
        with open(ready, encoding="utf-8") as f:
            f.read()
        self.assertNotEqual(self.sleeping(mark), [])
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=240)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(self.sleeping(mark), [])

    def test_cancel_ends_the_whole_group(self):
        mark, command = self.lasting()
        self.cancelled(self.write("cancel.yaml", f"""
            workflow:
              - step: work
                tool:
                  kind: python
                  code: |
                    import subprocess, time
                    n = subprocess.DEVNULL
                    subprocess.Popen({command!r}, stdin=n, stdout=n, stderr=n)
                    time.sleep(1000)
            """), mark)

    def test_cancel_ends_what_a_shell_command_started(self):
        mark, command = self.lasting()
        self.cancelled(self.write("cancel.yaml", f"""
            workflow:
              - step: work
                tool: {{ kind: shell, cmds: ["{shlex.join(command)} >/dev/null 2>&1 & wait"] }}
            """), mark, "--grant", "exec")

    def test_cancel_reaches_a_child_execution(self):
        mark, command = self.lasting()
        self.write("inner.yaml", f"""
            workflow:
              - step: work
                tool: {{ kind: shell, cmds: ["{shlex.join(command)} >/dev/null 2>&1 & wait"] }}
            """)
        self.cancelled(self.write("outer.yaml", """
            workflow:
              - step: call
                tool: { kind: playbook, path: ./inner.yaml }
            """), mark, "--grant", "exec")

    def test_an_error_names_the_line_of_the_playbook(self):
        path = self.write("wrong.yaml", """
            workflow:
              - step: work
                tool:
                  kind: python
                  code: |
                    x = 1
                    raise ValueError(x)
            """)
        line = open(path, encoding="utf-8").read().split("\n").index(" " * 8 + "raise ValueError(x)") + 1
        error = self.run_json(path, code=1)["steps"]["work"]["error"]
        self.assertRegex(error["message"], rf"ValueError: 1 \(line 2, .*wrong\.yaml:{line}\)")


kit.main()
