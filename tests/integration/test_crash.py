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
    def kill_after(self, lines):
        """Run with --events, kill -9 behind so many shown events; the (seq, type) pairs shown."""
        process = self.start("run", self.write("loop.yaml", LOOP), "--events")
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


kit.main()
