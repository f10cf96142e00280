# SPDX-License-Identifier: Apache-2.0
"""The state beside the log: who resumes or replays begins with it, and does without it when it is damaged or gone."""
import glob
import json
import os
import signal

import kit

CIRCLE = """
workload: { n: 400 }
workflow:
  - step: go
    tool: { kind: noop, result: "{{ ctx.i or 0 }}" }
    next:
      - { step: again, when: "{{ (ctx.i or 0) < workload.n }}" }
      - { step: last }
  - step: again
    tool: { kind: noop }
    next: [ { step: go, set: { ctx.i: "{{ (ctx.i or 0) + 1 }}" } } ]
  - step: last
    tool: { kind: noop, result: "{{ ctx.i }}" }
"""


class Snapshots(kit.Case):
    def ok(self, *args, code=0):
        done = self.troupe(*args)
        self.assertEqual(done.returncode, code, f"{args}: {done.stdout}\n{done.stderr}")
        return done.stdout

    def snapshots(self):
        found = glob.glob(os.path.join(self.data, "executions/**/*.snapshot"), recursive=True)
        return sorted(found, key=lambda path: int(os.path.basename(path).split(".")[0]))

    def interrupted(self, snapshots=3):
        """An execution whose process was killed when so many snapshots were there; its id."""
        process = self.start("run", self.write("circle.yaml", CIRCLE), "--events", "--snapshot-every", "40")
        for line in process.stderr:
            if len(self.snapshots()) >= snapshots:
                break
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.assertGreaterEqual(len(self.snapshots()), snapshots)
        return json.loads(self.ok("executions", "--json"))["execution_id"]

    def test_resume_begins_with_the_newest(self):
        execution = self.interrupted()
        newest = int(os.path.basename(self.snapshots()[-1]).split(".")[0])
        self.assertEqual(self.ok("resume", execution, "--snapshot-every", "0").strip(), "400")
        self.assertEqual(int(os.path.basename(self.snapshots()[-1]).split(".")[0]), newest)
        checked = json.loads(self.ok("replay", "last", "--check", "--json"))
        self.assertEqual((checked["differences"], checked["wrong_snapshots"]), (0, 0))
        self.assertEqual(checked["snapshots"], len(self.snapshots()))
        self.assertIn("all good", self.ok("store", "verify"))

    def test_replay_to_any_event_is_the_same_with_and_without(self):
        self.interrupted()
        seqs = [int(os.path.basename(p).split(".")[0]) for p in self.snapshots()]
        # What follows the newest may not have been written any more.
        places = sorted({1, 2, seqs[0] - 1, seqs[0], seqs[0] + 1, seqs[1] + 7, seqs[-1]})
        with_them = [self.ok("replay", "last", "--to", str(n), "--json") for n in places]
        last = self.ok("replay", "last", "--json")
        for path in self.snapshots():
            os.unlink(path)
        self.assertEqual([self.ok("replay", "last", "--to", str(n), "--json") for n in places], with_them)
        self.assertEqual(self.ok("replay", "last", "--json"), last)

    def test_a_damaged_one_is_told_and_the_log_alone_is_used(self):
        execution = self.interrupted()
        for path in self.snapshots():
            with open(path, "r+b") as f:
                f.seek(60)
                byte = f.read(1)
                f.seek(60)
                f.write(bytes([byte[0] ^ 1]))
        told = self.ok("store", "verify", code=1)
        self.assertEqual(told.count("it is damaged; the log alone is used"), len(self.snapshots()))
        done = self.troupe("resume", execution)
        self.assertEqual((done.returncode, done.stdout.strip()), (0, "400"), done.stderr)
        self.assertIn("is left aside: it is damaged", done.stderr)
        self.ok("store", "repair")
        self.assertIn("all good", self.ok("store", "verify"))

    def test_they_go_with_the_plain_log_and_are_in_no_export(self):
        self.ok("run", self.write("circle.yaml", CIRCLE), "--snapshot-every", "100")
        self.assertGreater(len(self.snapshots()), 5)
        exported = self.ok("store", "export")
        self.assertNotIn("snapshot", exported)
        self.ok("store", "compact")
        self.assertEqual(self.snapshots(), [])
        self.assertEqual(glob.glob(os.path.join(self.data, "executions/*/*/*/")), [])
        self.ok("replay", "last", "--to", "700", "--json")
        self.data = self.path("copy")
        self.assertEqual(self.troupe("store", "import", stdin=exported).returncode, 0)
        self.ok("replay", "last", "--check")
        self.assertEqual(self.snapshots(), [])

    def test_they_become_rarer_as_the_state_grows(self):
        steps = 500
        with open(self.path("chain.yaml"), "w") as f:
            f.write("apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: chain, path: tests/chain}\nworkflow:\n")
            for i in range(steps):
                f.write(f"- step: s{i}\n  tool: {{kind: noop}}\n" + (f"  next: s{i + 1}\n" if i + 1 < steps else ""))
        self.ok("run", self.path("chain.yaml"), "--snapshot-every", "20", "--durability", "batched")
        seqs = [int(os.path.basename(p).split(".")[0]) for p in self.snapshots()]
        gaps = [b - a for a, b in zip(seqs, seqs[1:])]
        self.assertGreater(len(gaps), 3)
        self.assertLess(len(gaps), 5 * steps / 20 / 4)
        self.assertGreater(gaps[-1], 4 * gaps[0])
        checked = json.loads(self.ok("replay", "last", "--check", "--json"))
        self.assertEqual((checked["snapshots"], checked["wrong_snapshots"]), (len(seqs), 0))

    def test_the_number_is_checked(self):
        for wrong in "x", "-1", "", "1k":
            done = self.troupe("run", self.write("circle.yaml", CIRCLE), "--snapshot-every", wrong)
            self.assertEqual(done.returncode, 2, wrong)
            self.assertIn("--snapshot-every takes a number of events", done.stderr)


if __name__ == "__main__":
    kit.main()
