# SPDX-License-Identifier: Apache-2.0
"""kill -9 in the middle of a run: everything that was shown (and so acknowledged) is in the log; a torn tail is told and cut."""
import glob
import os
import signal

import kit

LOOP = """
workflow:
  - step: many
    loop: { in: "{{ range(100000) }}", iterator: i, spec: { mode: sequential } }
    tool:
      - one: { kind: noop, result: "{{ iter.i }}" }
"""


class Crash(kit.Case):
    def kill_after(self, lines, playbook=LOOP):
        """Run with --events, kill -9 behind so many shown events; the (seq, type) pairs shown."""
        process = self.start("run", self.write("loop.yaml", playbook), "--events")
        shown = []
        for line in process.stderr:
            words = line.split()
            if len(words) > 2 and words[0].isdigit():
                shown.append((int(words[0]), words[2]))
            if len(shown) >= lines:
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.assertGreaterEqual(len(shown), lines)
        return shown

    def test_all_that_was_acknowledged_is_there(self):
        shown = self.kill_after(500)
        events, _ = self.events()
        logged = [(e["seq"], e["event_type"]) for e in events]
        self.assertGreaterEqual(len(logged), len(shown))
        self.assertEqual(logged[:len(shown)], shown)

    def test_a_torn_tail_is_told_and_cut(self):
        self.kill_after(300)
        before, _ = self.events()
        journal = sorted(glob.glob(os.path.join(self.data, "journal", "*.journal")))[-1]
        # Behind its records there is room that was reserved: zeros.
        with open(journal, "rb") as f:
            written = len(f.read().rstrip(b"\0"))
        os.truncate(journal, written - 3)
        after, notes = self.events()
        self.assertLess(len(after), len(before))
        self.assertEqual(after, before[:len(after)])
        self.assertRegex(notes, r"journal/\d+\.journal: torn tail cut at byte \d+")
        # The next writer takes over what is good, says the same, and goes on.
        done = self.troupe("run", self.write("next.yaml", "workflow:\n  - step: a\n    tool: { kind: noop }\n"), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("torn tail cut at byte", done.stderr)

    def test_garbage_behind_the_log_is_told(self):
        self.kill_after(300)
        before, _ = self.events()
        journal = sorted(glob.glob(os.path.join(self.data, "journal", "*.journal")))[-1]
        with open(journal, "ab") as f:
            f.write(os.urandom(100))
        after, notes = self.events()
        self.assertEqual(after, before)
        self.assertRegex(notes, r"journal/\d+\.journal: ")

    def test_a_log_that_cannot_be_written_holds_up_nobody(self):
        self.kill_after(300, LOOP.replace("100000", "2000"))
        before, _ = self.events()
        folder = os.path.join(self.data, "executions", "tests", "test", before[0]["execution_id"])
        self.assertFalse(os.path.exists(folder))
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        with open(folder, "w", encoding="utf-8"):
            pass
        # It goes on, and others do.
        done = self.troupe("resume", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"execution {before[0]['execution_id']}: its log {folder}/events.log cannot be written: "
                      "Not a directory; its records stay in the journal", done.stderr)
        self.run_json(self.write("next.yaml", "workflow:\n  - step: a\n    tool: { kind: noop }\n"))
        after, notes = self.events(before[0]["execution_id"])
        self.assertEqual(notes, "")
        self.assertEqual(after[:len(before)], before)
        self.assertEqual(after[-1]["event_type"], "playbook.processed")
        done = self.troupe("store", "verify")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        # Mended, it gets its log, and the journal is empty.
        os.unlink(folder)
        self.assertEqual(self.troupe("store", "repair").returncode, 0)
        self.assertTrue(os.path.exists(os.path.join(folder, "events.log")))
        self.assertEqual(glob.glob(os.path.join(self.data, "journal", "*.journal")), [])
        self.assertEqual(self.events(before[0]["execution_id"])[0], after)


class Deaths(kit.Case):
    """A step that ends the process each time it is begun."""

    def setUp(self):
        super().setUp()
        self.playbook = self.write("deadly.yaml", f"""
            workflow:
              - step: deadly
                tool:
                  kind: python
                  code: |
                    import os
                    with open("{self.path('begun')}", "a") as f:
                        f.write("x")
                    os.kill(os.getppid(), 9)
            """)

    def begun(self):
        return os.path.getsize(self.path("begun"))

    def test_it_is_not_begun_again_for_ever(self):
        self.assertEqual(self.troupe("run", self.playbook).returncode, -signal.SIGKILL)
        for _ in range(4):
            self.assertEqual(self.troupe("resume").returncode, -signal.SIGKILL)
        done = self.troupe("resume")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(self.begun(), 5)
        shown = self.troupe("show", "last").stdout
        self.assertIn("the process ended 5 times in a row soon after this step was begun", shown)
        self.assertIn("deadly.yaml:6:5)", shown)
        done = self.troupe("replay", "last", "--check")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_limit_can_be_set(self):
        self.assertEqual(self.troupe("run", self.playbook).returncode, -signal.SIGKILL)
        self.assertEqual(self.troupe("resume", "--crash-limit", "2").returncode, -signal.SIGKILL)
        self.assertEqual(self.troupe("resume", "--crash-limit", "0").returncode, -signal.SIGKILL)
        self.assertEqual(self.begun(), 3)
        self.assertEqual(self.troupe("resume", "--crash-limit", "2").returncode, 1)
        self.assertEqual(self.begun(), 3)
        done = self.troupe("run", self.playbook, "--crash-limit", "often")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--crash-limit takes how often, or 0 for without end, not 'often'", done.stderr)

    def test_it_is_cancelled_without_being_begun(self):
        self.assertEqual(self.troupe("run", self.playbook).returncode, -signal.SIGKILL)
        done = self.troupe("cancel", "last")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.begun(), 1)
        events, _ = self.events()
        self.assertEqual(events[-1]["status"], "cancelled")
        done = self.troupe("replay", "last", "--check")
        self.assertEqual(done.returncode, 0, done.stdout)


kit.main()
