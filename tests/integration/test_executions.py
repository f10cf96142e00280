# SPDX-License-Identifier: Apache-2.0
"""executions, show, replay, resume, cancel, pause, unpause: on logs of finished, running and interrupted executions."""
import glob
import json
import os
import signal

import kit

CHAIN = """
workload: { n: 3 }
workflow:
  - step: first
    tool: { kind: noop, result: "{{ workload.n }}" }
    next: { arcs: [ { step: many } ] }
  - step: many
    loop: { in: "{{ range(workload.n) }}", iterator: i, spec: { mode: parallel } }
    tool:
      - one: { kind: noop, result: "{{ iter.i }}" }
    next: { arcs: [ { step: last } ] }
  - step: last
    tool: { kind: noop, result: "{{ many.results | sum }}" }
"""

WAITS = """
workflow:
  - step: wait
    tool:
      - go: { kind: python, args: { fifo: "%s" }, code: "return open(fifo).read().strip()" }
"""

PARENT = """
workflow:
  - step: all
    loop: { in: [0, 1, 2], iterator: i, spec: { mode: parallel } }
    tool:
      - one: { kind: playbook, path: child.yaml, args: { n: "{{ iter.i }}" } }
    next: { arcs: [ { step: beside } ] }
  - step: beside
    tool: { kind: playbook, path: child.yaml, wait: false }
    next: { arcs: [ { step: end } ] }
  - step: end
    tool: { kind: noop, result: "{{ all.results | map(attribute='result') | list }}" }
"""

WARNS = """
workflow:
  - step: a
    tool: { kind: noop }
    next: { spec: { mode: inclusive }, arcs: [ { step: b, when: "{{ nowhere.at.all == 1 }}" }, { step: c } ] }
  - step: b
    tool: { kind: noop }
  - step: c
    tool: { kind: noop }
"""


class Commands(kit.Case):
    def ok(self, *args, code=0, **more):
        done = self.troupe(*args, **more)
        self.assertEqual(done.returncode, code, f"{args}: {done.stdout}\n{done.stderr}")
        return done.stdout

    def listed(self, *args):
        return [json.loads(line) for line in self.ok("executions", "--json", *args).splitlines()]

    def interrupted(self, name="waits"):
        """An execution whose process was killed while its step ran."""
        fifo = self.fifo(name)
        process = self.start("run", self.write(name + ".yaml", WAITS % fifo))
        with open(fifo, "w"):
            process.kill()
            process.wait()
        return fifo, self.listed()[0]["execution_id"]

    def test_list_filters_and_parts_of_ids(self):
        chain = self.write("chain.yaml", CHAIN)
        ids = [self.run_json(chain, "--set", f"n={n}")["execution_id"] for n in (1, 2)]
        self.run_json(self.write("bad.yaml", "workflow:\n  - step: s\n    tool: { kind: python, code: \"raise ValueError('x')\" }\n"), code=1)
        rows = self.listed()
        self.assertEqual([r["status"] for r in rows], ["failed", "success", "success"])
        self.assertEqual([r["execution_id"] for r in rows[1:]], ids[::-1])
        self.assertTrue(all(r["ended_at"] and r["duration_ms"] >= 0 and r["playbook"] == "tests/test" for r in rows))
        self.assertEqual(len(self.listed("--status", "success")), 2)
        self.assertEqual(len(self.listed("--status", "failed,cancelled")), 1)
        self.assertEqual(len(self.listed("--playbook", "tests/*")), 3)
        self.assertEqual(self.listed("--playbook", "other"), [])
        self.assertEqual(len(self.listed("--since", "1h")), 3)
        self.assertEqual(self.listed("--since", "2999-01-01"), [])
        limited = self.troupe("executions", "--limit", "1")
        self.assertEqual(len(limited.stdout.splitlines()), 1)
        self.assertIn("2 older ones", limited.stderr)
        for bad in (["--since", "yesterday"], ["--limit", "x"], ["more"], ["--fly"]):
            self.ok("executions", *bad, code=2)
        self.assertEqual(json.loads(self.ok("show", ids[0][-7:], "--json"))["execution_id"], ids[0])
        self.assertEqual(json.loads(self.ok("show", "latest", "--json"))["status"], "failed")
        common = os.path.commonprefix([r["execution_id"] for r in rows])
        ambiguous = self.troupe("show", common)
        self.assertEqual(ambiguous.returncode, 1)
        self.assertIn("is a part of 3 ids", ambiguous.stderr)
        self.ok("show", "77", code=1)
        self.ok("show", "x77", code=2)
        self.ok("show", code=2)

    def test_show_tells_steps_tasks_and_times(self):
        self.run_json(self.write("chain.yaml", CHAIN))
        shown = json.loads(self.ok("show", "last", "--json"))
        self.assertEqual([s["step"] for s in shown["steps"]], ["first", "many", "last"])
        self.assertTrue(all(s["status"] == "success" and s["attempts"] == 1 for s in shown["steps"]))
        self.assertEqual(shown["steps"][1]["loop"], {"total": 3, "done": 3, "failed": 0})
        self.assertEqual(shown["steps"][1]["tasks"][0]["runs"], 3)
        self.assertEqual(shown["result"], 3)
        self.assertLessEqual(shown["steps"][0]["ended_ms"], shown["steps"][2]["started_ms"])
        text = self.ok("show", "last")
        self.assertRegex(text, r"many +\d.*│.*█.*│ success, 3 of 3 iterations")
        self.assertRegex(text, r"one +\d.*│ noop, 3 runs")
        self.assertNotIn("\x1b", text)
        self.assertNotIn(" one ", self.ok("show", "last", "--steps"))

    def test_events_show_values_in_the_words_of_playbooks(self):
        self.run_json(self.write("values.yaml", """
            workflow:
              - step: values
                tool: { kind: noop, result: { none: null, empty: {}, list: [], both: [1, null, {}], "a b": "é" } }
                next: long
              - step: long
                tool: { kind: noop, result: ["x", "%s"] }
            """ % ("é" * 200)))
        text = self.ok("events", "last")
        self.assertIn('step.done                  run=1 result={none: null, empty: {}, list: [], both: [1, null, {}], "a b": "é"}', text)
        self.assertIn('result=["x", "' + "é" * 55 + "…\n", text)
        self.assertNotIn("nil", text)
        self.assertNotIn("{:}", text)

    def test_replay_gives_the_state_after_each_event(self):
        self.run_json(self.write("chain.yaml", CHAIN))
        events, _ = self.events()
        phases = []
        for seq in [1, 2, 5, *range(8, len(events), 6), len(events)]:
            state = json.loads(self.ok("replay", "last", "--to", str(seq), "--json"))
            self.assertEqual((state["seq"], state["of"], state["state"]["seq"]), (seq, len(events), seq))
            phases.append(state["summary"]["status"])
        self.assertEqual(phases[-1], "success")
        self.assertEqual(phases[0], "running")
        ids = [state["execution_id"], state["summary"]["execution_id"], state["state"]["execution_id"]]
        self.assertEqual(ids, [events[0]["execution_id"]] * 3)
        self.assertEqual(state["state"]["last_event_id"], events[-1]["event_id"])
        self.assertEqual(json.loads(self.ok("replay", "last", "--json")), state)
        self.ok("replay", "last", "--to", str(len(events) + 1), code=1)
        self.ok("replay", "last", "--to", "0", code=2)
        self.ok("replay", "last", "--to", "1", "--check", code=2)

    def test_check_of_what_the_examples_write(self):
        """Retries, joins, guards, loops, failures: every log is what the machine decides again."""
        for path in sorted(glob.glob(os.path.join(kit.SOURCE, "examples/playbooks/*.yaml"))):
            if self.troupe("check", path).returncode != 0 or "orders" in path:
                continue
            self.troupe("run", path, "--json", timeout=240)
        rows = self.listed()
        self.assertGreater(len(rows), 3)
        for row in rows:
            done = json.loads(self.ok("replay", row["execution_id"], "--check", "--json"))
            self.assertEqual(done["differences"], 0, row)
            self.assertEqual(done["given"] + done["decided"], done["events"], row)
            self.assertIsNot(done["same_state"], False)

    def test_check_of_sub_playbooks(self):
        """What a child brings is an input: the parent's log, and the child's, are what is decided again."""
        os.mkdir(self.path("book"))
        self.write("book/child.yaml", "workload: { n: 0 }\nworkflow:\n  - step: s\n    tool: { kind: noop, result: \"{{ workload.n + 1 }}\" }\n")
        parent = self.write("book/parent.yaml", PARENT)
        done = self.run_json(parent)
        self.assertEqual(done["result"], [1, 2, 3])
        rows = self.listed()
        self.assertEqual(len(rows), 5)
        for row in rows:
            done = json.loads(self.ok("replay", row["execution_id"], "--check", "--json"))
            self.assertEqual((done["differences"], done["recovers"]), (0, 0), row)
            self.assertIsNot(done["same_state"], False)

    def test_check_of_warnings_of_a_relative_file(self):
        self.write("warns.yaml", WARNS)
        self.run_json("warns.yaml")
        events, _ = self.events()
        warnings = [e["payload"] for e in events if e["event_type"] == "warning"]
        self.assertEqual({w["file"] for w in warnings},
                         {os.path.realpath(self.path("warns.yaml"))})
        done = json.loads(self.ok("replay", "last", "--check", "--json"))
        self.assertEqual((done["differences"], done["recovers"]), (0, 0))

    def test_check_finds_what_the_machine_did_not_decide(self):
        """A log with good checksums in which somebody changed a decision."""
        self.run_json(self.write("chain.yaml", CHAIN))
        stream = self.ok("store", "export")
        changed = []
        for line in stream.splitlines():
            row = json.loads(line)
            if row.get("event") == "workflow.finished":
                row["record"] = change(row["record"], b"success", b"stalled")
            changed.append(json.dumps(row))
        self.data = self.path("other")
        self.ok("store", "import", stdin="\n".join(changed) + "\n")
        done = json.loads(self.ok("replay", "last", "--check", "--json", code=1))
        self.assertGreaterEqual(done["differences"], 1)
        self.assertEqual(done["first"][0]["recorded"]["event_type"], "workflow.finished")

    def test_interrupted_is_resumed(self):
        fifo, execution = self.interrupted()
        self.assertEqual(self.listed()[0]["status"], "interrupted")
        self.assertEqual(json.loads(self.ok("show", "last", "--json"))["status"], "interrupted")
        process = self.start("resume", execution, "--json")
        with open(fifo, "w") as f:
            f.write("done")
        out, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, err)
        self.assertEqual(json.loads(out)["result"], "done")
        again = self.troupe("resume", execution)
        self.assertEqual(again.returncode, 1)
        self.assertIn("is over (success)", again.stderr)
        self.assertIn("nothing to resume", self.troupe("resume").stderr)
        self.ok("replay", "last", "--check")

    def test_resume_all_and_a_signal_leaves_them(self):
        one, first = self.interrupted("one")
        two, second = self.interrupted("two")
        process = self.start("resume")
        with open(one, "w"), open(two, "w"):
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual({r["status"] for r in self.listed()}, {"interrupted"})
        process = self.start("resume")
        for fifo in (one, two):
            with open(fifo, "w") as f:
                f.write("x")
        out, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, err)
        self.assertEqual(sorted(out.splitlines()), sorted([f"{first} success", f"{second} success"]))

    def test_cancel_and_pause_without_a_process(self):
        _, execution = self.interrupted()
        self.assertEqual(self.ok("pause", "last").split(), [execution, "paused"])
        self.assertEqual(self.listed()[0]["status"], "paused")
        self.assertIn("1 paused execution is left alone", self.troupe("resume").stderr)
        self.ok("pause", "last", code=1)
        self.assertEqual(self.ok("unpause", "last").split(), [execution, "interrupted"])  # nobody performs it
        self.assertEqual(self.listed()[0]["status"], "interrupted")
        done = json.loads(self.ok("cancel", "last", "--reason", "enough", "--json"))
        self.assertEqual(done, {"execution_id": execution, "status": "cancelled"})
        self.assertEqual(self.listed()[0]["status"], "cancelled")
        self.ok("cancel", "last", code=1)
        self.assertIn("enough", self.ok("events", "last"))
        self.ok("replay", "last", "--check")
        self.ok("store", "verify")

    def test_cancel_of_what_the_owner_does_not_perform(self):
        """It is taken up for that alone: the step is not done again."""
        marks, never, mine = self.path("marks"), self.fifo("never"), self.fifo("mine")
        first = self.start("run", self.write("left.yaml", f"""
            workflow:
              - step: a
                tool: {{ kind: python, code: "open({marks!r}, 'a').write('x'); open({never!r}).read()" }}
            """))
        with open(never, "w"):
            first.kill()
            first.wait()
        execution = self.listed()[0]["execution_id"]
        owner = self.start("run", self.write("mine.yaml", WAITS % mine), "--json")
        with open(mine, "w") as f:
            self.assertEqual(self.ok("cancel", execution, "--reason", "no more").split(), [execution, "cancelled"])
            self.assertEqual(self.listed()[-1]["status"], "cancelled")
            self.assertIn("no more", self.ok("events", execution))
            self.ok("cancel", execution, code=1)
            f.write("1")
        out, err = owner.communicate(timeout=240)
        self.assertEqual(owner.returncode, 0, err)
        with open(marks) as f:
            self.assertEqual(f.read(), "x")
        self.ok("replay", execution, "--check")
        self.ok("store", "verify")

    def test_cancel_pause_resume_through_a_node(self):
        first, second = self.fifo("first"), self.fifo("second")
        two_steps = """
            workflow:
              - step: a
                tool: { kind: python, args: { fifo: "%s" }, code: "return open(fifo).read()" }
                next: { arcs: [ { step: b } ] }
              - step: b
                tool: { kind: python, args: { fifo: "%s" }, code: "return open(fifo).read()" }
            """ % (first, second)
        node = self.start("node")
        node.stdout.readline()
        execution = self.ok("run", self.write("two.yaml", two_steps), "--detach").strip()
        with open(first, "w") as f:
            self.assertEqual(self.listed()[0]["status"], "running")
            self.ok("pause", execution)
            f.write("1")
        self.assertEqual(self.listed()[0]["status"], "paused")
        follower = self.start("resume", execution, "--json")
        with open(second, "w") as f:
            f.write("2")
        out, err = follower.communicate(timeout=240)
        self.assertEqual((follower.returncode, json.loads(out)["result"]), (0, "2"), err)
        execution = self.ok("run", self.path("two.yaml"), "--detach").strip()
        with open(first, "w"):
            self.ok("cancel", execution)
        self.assertEqual(self.listed("--limit", "1")[0]["status"], "cancelled")
        packed = json.loads(self.ok("store", "compact", "--json"))
        self.assertEqual((packed["packed"], packed["failed"]), (2, 0))
        self.assertEqual([r["packed"] for r in self.listed()], [True, True])
        for row in self.listed():
            self.ok("show", row["execution_id"])
            self.ok("replay", row["execution_id"], "--check")
        self.ok("store", "verify")
        repair = self.troupe("store", "repair")
        self.assertEqual(repair.returncode, 1)
        self.assertIn(f"process {node.pid} is writing here", repair.stderr)
        node.terminate()
        self.assertEqual(node.wait(timeout=240), 0)
        self.ok("store", "verify")


def change(record, old, new):
    """Other bytes in a record, with a good checksum."""
    import base64
    import struct
    raw = bytearray(base64.b64decode(record).replace(old, new))
    raw[4:8] = struct.pack("<I", crc32c(bytes(raw[8:])))
    return base64.b64encode(bytes(raw)).decode()


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


kit.main()
