# SPDX-License-Identifier: Apache-2.0
"""Python children: killed in the middle of a task, the outcome says so, a rule retries on a fresh child, the run succeeds."""
import json
import os
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
        stdout, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, stderr)
        self.assertEqual(json.loads(stdout)["result"], "done")
        events, _ = self.events()
        retried = [e for e in events if e["event_type"] == "task.retried"]
        self.assertEqual(len(retried), 1)
        self.assertIn("signal 9", retried[0]["payload"]["error"]["message"])

    def test_without_a_rule_the_step_fails_and_says_so(self):
        process = self.start("run", self.playbook(""), "--json")
        os.kill(self.pid(), signal.SIGKILL)
        stdout, stderr = process.communicate(timeout=60)
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


kit.main()
