# SPDX-License-Identifier: Apache-2.0
"""troupe store: verify, repair, compact, export, import; and what every kind of damage does to all reading commands."""
import glob
import json
import os
import shutil

import kit

BIG = """
workflow:
  - step: big
    tool:
      - make: { kind: python, code: "return {'text': 'x' * 200000, 'n': %d}" }
    next: { arcs: [ { step: small } ] }
  - step: small
    tool: { kind: noop, result: "{{ big.n }}" }
"""

# Its results are references, of a task in the middle and of the last one.
LARGE = """
workflow:
  - step: a
    tool:
      - one: { kind: noop, result: { text: "{{ 'x' * 100000 }}", n: 1 } }
      - two: { kind: noop, result: { text: "{{ _prev.text }}y", n: "{{ _prev.n + a.one.n }}" } }
    next: { arcs: [ { step: b } ] }
  - step: b
    tool: { kind: noop, result: "{{ a.n + a.text | length }}" }
"""

# What rules write is kept by reference, too: behind a retry, and from one iteration to the next.
WRITES = """
workflow:
  - step: a
    tool:
      - one:
          kind: noop
          eval:
            - { expr: "{{ _attempt < 2 }}", do: retry, attempts: 3, set_prev: { t: "{{ 'p' * 100000 }}" }, set_vars: { big: { t: "{{ 'y' * 100000 }}" } } }
            - { expr: "{{ true }}", do: continue, set_ctx: { c: { t: "{{ _prev.t }}" } }, set_prev: { t: "{{ _prev.t }}q" } }
      - two: { kind: noop, result: "{{ _prev.t | length + vars.big.t | length + ctx.c.t | length }}" }
    next: { arcs: [ { step: b } ] }
  - step: b
    tool: { kind: noop, result: "{{ a + vars.big.t | length + ctx.c.t | length }}" }
"""
LOOP = """
workflow:
  - step: a
    loop: { in: [1, 2, 3], iterator: item }
    tool:
      - one:
          kind: noop
          eval:
            - expr: "{{ true }}"
              do: continue
              set_vars: { big: { t: "{{ vars.big.t | default('') ~ 'y' * 100000 }}" } }
              set_shared: { all: { append: "{{ 'z' * 100000 }}" } }
      - two: { kind: noop, result: "{{ vars.big.t | length + iter.item }}" }
    next: { arcs: [ { step: b } ] }
  - step: b
    tool: { kind: noop, result: "{{ a.results[2] + vars.big.t | length + vars.all | length }}" }
"""

SMALL = "workflow:\n  - step: a\n    tool: { kind: noop, result: 1 }\n"


class Store(kit.Case):
    def ok(self, *args, code=0, **more):
        done = self.troupe(*args, **more)
        self.assertEqual(done.returncode, code, f"{args}: {done.stdout}\n{done.stderr}")
        return done.stdout

    def verify(self, code=0):
        return json.loads(self.ok("store", "verify", "--json", code=code))

    def fill(self):
        for n in (1, 2):
            self.assertEqual(self.run_json(self.write(f"big{n}.yaml", BIG % n))["result"], n)
        self.run_json(self.write("small.yaml", SMALL))

    def log(self, n=0, data=None):
        return sorted(glob.glob(os.path.join(data or self.data, "executions/**/events.log"), recursive=True))[n]

    def test_a_good_folder(self):
        self.fill()
        found = self.verify()
        self.assertEqual((found["executions"], found["playbooks"], found["problems"]), (3, 3, []))
        self.assertGreaterEqual(found["artifacts"], 2)
        self.assertIn("all good", self.ok("store", "verify", self.data))
        self.ok("store", "verify", self.path("nowhere"), code=1)
        self.ok("store", "fly", code=2)
        self.ok("store", code=2)
        self.ok("store", "verify", self.data, "more", code=2)

    def test_export_and_import_give_the_same_stream(self):
        self.fill()
        first = self.ok("store", "export")
        self.assertEqual(json.loads(first.splitlines()[-1])["executions"], 3)
        source, self.data = self.data, self.path("copy")
        self.ok("store", "import", stdin=first)
        self.assertEqual(self.ok("store", "export"), first)
        self.assertEqual(self.verify()["problems"], [])
        self.ok("replay", "last", "--check")
        again = json.loads(self.ok("store", "import", "--json", stdin=first))
        self.assertEqual((again["executions"], again["skipped"], again["failed"]), (0, 3, 0))
        self.ok("store", "compact")
        self.assertEqual(self.ok("store", "export"), first, "packed logs export the same")
        one = [r for r in self.ok("executions", "--json").splitlines()][0]
        part = self.ok("store", "export", self.data, json.loads(one)["execution_id"])
        self.assertEqual(json.loads(part.splitlines()[-1])["executions"], 1)
        # Another execution under an id that is taken is refused, and what is here stays.
        lines = first.splitlines()
        at = next(i for i, line in enumerate(lines) if '"execution"' in line)
        cut = json.loads(lines[at])
        cut["events"] -= 1
        last = next(i for i in range(at + 1, len(lines)) if '"record"' not in lines[i])
        other = lines[:1] + [json.dumps(cut)] + lines[at + 1:last - 1] + ['{"end":true}']
        done = self.troupe("store", "import", "--json", stdin="\n".join(other) + "\n")
        self.assertEqual((done.returncode, json.loads(done.stdout)["failed"]), (1, 1))
        self.assertIn("another of this id is there", done.stderr)
        self.assertEqual(self.ok("store", "export"), first)

    def test_damaged_streams(self):
        self.run_json(self.write("small.yaml", SMALL))
        stream = self.ok("store", "export")
        self.data = self.path("copy")
        lines = stream.splitlines(keepends=True)
        for n in range(len(lines)):
            shutil.rmtree(self.data, ignore_errors=True)
            done = self.troupe("store", "import", stdin="".join(lines[:n]))
            self.assertEqual(done.returncode, 1, n)
            self.assertIn("damaged or not whole" if n > 0 else "it is empty", done.stderr)
            self.assertEqual(self.verify()["problems"], [])
        for bad in ("", "{}\n", "nonsense\n", '{"troupe_export":2}\n', lines[0] + '{"execution":"../../x","folder":"a/../b","events":1}\n',
                    lines[0] + '{"artifact":"../../../etc/passwd","part":1,"parts":1,"data":""}\n',
                    lines[0] + '{"record":"AAAA"}\n'):
            done = self.troupe("store", "import", stdin=bad)
            self.assertEqual(done.returncode, 1, bad)
        wrong = stream.replace('"source":"', '"source":"x', 1)
        done = self.troupe("store", "import", stdin=wrong)
        self.assertIn("its content is not what its hash says", done.stderr)

    def test_compact_keeps_and_removes(self):
        path = self.write("small.yaml", SMALL)
        for _ in range(5):
            self.run_json(path)
        big = self.run_json(self.write("big.yaml", BIG % 7))
        artifacts = len(glob.glob(os.path.join(self.data, "artifacts/*/*")))
        self.assertGreaterEqual(artifacts, 1)
        self.assertEqual(json.loads(self.ok("store", "compact", "--older", "1h", "--json"))["packed"], 0)
        packed = json.loads(self.ok("store", "compact", "--json"))
        self.assertEqual((packed["packed"], packed["removed"], packed["artifacts"]), (6, 0, 0))
        self.assertEqual(glob.glob(os.path.join(self.data, "executions/**/events.log"), recursive=True), [])
        self.assertEqual(json.loads(self.ok("show", big["execution_id"], "--json"))["status"], "success")
        self.assertEqual(self.events(big["execution_id"])[0][-1]["event_type"], "playbook.processed")
        self.assertEqual(self.verify()["problems"], [])
        removed = json.loads(self.ok("store", "compact", "--keep", "2", "--json"))
        self.assertEqual((removed["removed"], removed["artifacts"]), (4, 0))
        self.run_json(path)
        self.run_json(path)
        removed = json.loads(self.ok("store", "compact", "--keep", "2", "--json"))
        self.assertEqual((removed["removed"], removed["packed"], removed["artifacts"]), (2, 2, artifacts))
        self.assertEqual(len(self.ok("executions").splitlines()), 2)
        self.assertEqual(self.verify()["problems"], [])
        self.ok("store", "compact", "--keep", "never", code=2)
        self.ok("store", "verify", "--keep", "1", code=2)

    def test_what_was_repaired_once_is_packed_and_removed_whole(self):
        path = self.write("big.yaml", BIG % 7)
        execution = self.run_json(path)["execution_id"]
        self.run_json(self.write("small.yaml", SMALL))
        with open(self.log(), "r+b") as f:
            f.seek(os.path.getsize(self.log()) // 2)
            f.write(b"XX")
        self.ok("store", "repair")
        self.ok("resume", execution)
        artifacts = len(glob.glob(os.path.join(self.data, "artifacts/*/*")))
        packed = json.loads(self.ok("store", "compact", "--json"))
        self.assertEqual((packed["packed"], packed["artifacts"], packed["failed"]), (2, 0, 0))
        self.assertNotEqual(glob.glob(os.path.join(self.data, f"executions/**/{execution}/*.damaged"), recursive=True), [])
        found = self.verify()
        self.assertEqual((found["executions"], found["problems"]), (2, []), "the folder of a packed log is none of its own")
        removed = json.loads(self.ok("store", "compact", "--keep", "1", "--json"))
        self.assertEqual((removed["removed"], removed["artifacts"]), (1, artifacts))
        self.assertEqual(len(self.ok("executions").splitlines()), 1)
        self.assertEqual(glob.glob(os.path.join(self.data, f"executions/**/{execution}*"), recursive=True), [])
        self.assertEqual(self.verify()["problems"], [])

    def test_what_is_kept_are_runs_with_their_children(self):
        self.write("inner.yaml", SMALL)
        path = self.write("outer.yaml", """
            workflow:
              - step: call
                tool: { kind: playbook, path: ./inner.yaml, return_step: a }
            """)
        runs = [self.run_json(path) for _ in range(4)]
        children = [run["steps"]["call"]["result"]["execution_id"] for run in runs]
        ids = [run["execution_id"] for run in runs]

        def listed(*more):
            return [json.loads(line) for line in self.ok("executions", "--json", *more).splitlines()]

        self.assertEqual(len(listed()), 8)
        self.assertEqual([one["execution_id"] for one in listed("--top")], ids[::-1])
        self.assertEqual(len(self.ok("executions", "--top", "--limit", "2").splitlines()), 2)
        self.assertEqual({one["parent"]["execution_id"] for one in listed() if one["parent"]}, set(ids))
        self.assertEqual(json.loads(self.ok("store", "compact", "--keep", "3", "--json"))["removed"], 2)
        self.assertEqual({one["execution_id"] for one in listed()}, set(ids[1:] + children[1:]))
        self.assertEqual(json.loads(self.ok("store", "compact", "--keep", "1", "--json"))["removed"], 4)
        self.assertEqual({one["execution_id"] for one in listed()}, {ids[3], children[3]})
        self.assertEqual(self.verify()["problems"], [])

    def damage(self, path, how, original):
        with open(path, "wb") as f:
            f.write(how(original))

    def test_every_damage_of_a_log_is_told_and_survived(self):
        """A selection of bytes here; each byte and each truncation are in the unit tests."""
        self.run_json(self.write("small.yaml", SMALL))
        whole, _ = self.events()
        for packed in (False, True):
            if packed:
                self.ok("store", "compact")
            path = self.log() if not packed else glob.glob(os.path.join(self.data, "executions/**/*.zst"), recursive=True)[0]
            with open(path, "rb") as f:
                original = f.read()
            step = max(1, len(original) // 4)
            for at in range(0, len(original), step):
                for how in (lambda b: b[:at] + bytes([b[at] ^ 0x40]) + b[at + 1:], lambda b: b[:at]):
                    self.damage(path, how, original)
                    events = self.troupe("events", "last", "--json")
                    self.assertIn(events.returncode, (0, 1))
                    kept = [json.loads(line) for line in events.stdout.splitlines()]
                    self.assertEqual(kept, whole[:len(kept)])
                    for command in (["show", "last"], ["replay", "last", "--check"]):
                        self.assertIn(self.troupe(*command).returncode, (0, 1), (at, command))
                    if len(kept) < len(whole):
                        self.assertGreater(self.verify(code=1)["problem_count"], 0, at)
            self.damage(path, lambda b: b, original)
            self.assertEqual(self.verify()["problems"], [])

    def test_repair_keeps_what_is_good(self):
        self.fill()
        with open(self.log(0), "r+b") as f:
            f.seek(os.path.getsize(self.log(0)) // 2)
            byte = f.read(1)
            f.seek(-1, 1)
            f.write(bytes([byte[0] ^ 1]))
        artifact = glob.glob(os.path.join(self.data, "artifacts/*/*"))[0]
        with open(artifact, "ab") as f:
            f.write(b"x")
        os.truncate(os.path.join(self.data, "index/executions.idx"), 50)
        self.assertGreaterEqual(self.verify(code=1)["problem_count"], 3)
        done = self.troupe("store", "repair", "--json")
        self.assertEqual(done.returncode, 1, "the lost artifact is a problem that stays")
        said = json.loads(done.stdout)
        self.assertEqual(said["logs"], 1)
        self.assertTrue(all("refers to it" in p["problem"] for p in said["problems"]) and said["problems"], said)
        self.assertIn("are kept, all of it is in", done.stderr)
        self.assertTrue(os.path.exists(self.log(0) + ".damaged"))
        left = [p for p in self.verify(code=None)["problems"] if "refers to it" not in p["problem"]]
        self.assertEqual(left, [])

    def test_repair_does_not_let_a_finished_execution_run_again(self):
        marks = self.path("marks")
        playbook = self.write("marks.yaml", """
            workflow:
              - step: one
                tool: { kind: python, args: { f: "%s" }, code: "open(f, 'a').write('1')" }
                next: { arcs: [ { step: two } ] }
              - step: two
                tool: { kind: python, args: { f: "%s" }, code: "open(f, 'a').write('2')" }
            """ % (marks, marks))
        execution = self.run_json(playbook)["execution_id"]
        with open(self.log(), "r+b") as f:
            raw = f.read()
            at = raw.index(b"step.done") if b"step.done" in raw else len(raw) // 2
            f.seek(at)
            f.write(bytes([raw[at] ^ 1]))
        said = self.ok("show", "last")
        self.assertIn("\ndamaged after", said)
        self.assertIn("'troupe store repair' keeps it,\nthen 'troupe resume", said)
        done = self.troupe("store", "repair")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"execution {execution}: it had ended (success), its end is lost; it is 'damaged' now", done.stderr)
        self.assertEqual(self.verify()["problems"], [])
        row = json.loads(self.ok("executions", "--json"))
        self.assertEqual(row["status"], "damaged")
        self.assertEqual(json.loads(self.ok("executions", "--status", "damaged,failed", "--json"))["execution_id"], execution)
        self.assertEqual(self.ok("executions", "--status", "success"), "")
        said = self.ok("show", "last")
        self.assertIn(f"a part of its log is lost, what is shown is what was kept; 'troupe resume {execution}' goes on from there", said)
        self.assertNotIn("nobody performs it", said)
        self.assertEqual(json.loads(self.ok("show", "last", "--json"))["status"], "damaged")
        self.ok("replay", "last", "--check")
        node = self.start("node")
        self.assertIn(" 0 executions resumed", node.stdout.readline())
        self.assertEqual(json.loads(self.ok("executions", "--json"))["status"], "damaged")
        node.terminate()
        node.communicate(timeout=240)
        self.assertIn("1 execution has lost a part of the log", self.troupe("resume").stderr)
        with open(marks) as f:
            self.assertEqual(f.read(), "12", "nobody did a step again")
        self.ok("resume", execution)
        self.assertEqual(json.loads(self.ok("executions", "--json"))["status"], "success")
        with open(marks) as f:
            self.assertGreater(len(f.read()), 2)
        self.ok("replay", "last", "--check")

    def test_resume_says_that_the_log_of_what_is_over_is_damaged(self):
        self.run_json(self.write("small.yaml", SMALL))
        whole = self.troupe("resume", "last")
        self.assertEqual(whole.returncode, 1)
        self.assertIn("is over (success)\n", whole.stderr)
        self.assertNotIn("repair", whole.stderr)
        log = self.log()
        os.truncate(log, os.path.getsize(log) - 7)
        cut = self.troupe("resume", "last")
        self.assertEqual(cut.returncode, 1)
        self.assertIn("is over (success), but its log is damaged; 'troupe store repair'", cut.stderr)
        self.assertIn("torn tail", cut.stderr)
        self.ok("store", "repair")
        self.assertEqual(self.verify()["problems"], [])

    def test_what_lost_its_last_event_is_mended_and_ends(self):
        execution = self.run_json(self.write("small.yaml", SMALL))["execution_id"]
        before = self.ok("events", "last")
        log = self.log()
        os.truncate(log, os.path.getsize(log) - 7)
        bare = self.troupe("resume")
        self.assertIn(f"execution {execution} is over (success), but its log has lost its end; 'troupe store repair'", bare.stderr)
        repaired = self.troupe("store", "repair")
        self.assertEqual(repaired.returncode, 0, repaired.stdout + repaired.stderr)
        self.assertIn("only its last event is lost; 'troupe resume' writes it again", repaired.stderr)
        self.assertEqual(self.ok("resume", execution).strip(), "1")
        self.assertEqual(json.loads(self.ok("executions", "--json"))["status"], "success")
        self.assertEqual(len(self.ok("events", "last").splitlines()), len(before.splitlines()))
        self.ok("replay", "last", "--check")
        self.assertEqual(self.verify()["problems"], [])

    def test_every_place_of_a_cut_is_repaired_and_can_be_resumed(self):
        self.cut_and_resume(SMALL, 1)

    def test_with_large_results_too(self):
        self.cut_and_resume(LARGE, 100003, slice(6, 11))  # from the first task's start to the step's end

    def test_with_large_writes_too(self):
        self.cut_and_resume(WRITES, 500001, slice(8, 14, 2))

    def test_with_large_writes_of_iterations_too(self):
        self.cut_and_resume(LOOP, 600006, slice(9, 13, 3))  # within the first iteration, and behind it

    def cut_and_resume(self, playbook, result, places=slice(0, -1)):
        execution = self.run_json(self.write("cut.yaml", playbook))["execution_id"]
        with open(self.log(), "rb") as f:
            whole = f.read()
        at, cuts = 0, []
        while at < len(whole):
            at += 28 + int.from_bytes(whole[at:at + 4], "little")
            cuts.append(at)
        folder = self.data
        for n, cut in enumerate(cuts[places]):
            self.data = self.path(f"cut{n}")
            shutil.copytree(folder, self.data)
            os.truncate(self.log(), cut + 5)
            self.ok("store", "repair")
            self.assertEqual(self.ok("resume", execution).strip(), str(result), n)
            self.assertEqual(json.loads(self.ok("executions", "--json"))["status"], "success", n)
            self.ok("replay", "last", "--check")

    def test_help_stands_behind_a_verb_too(self):
        for verb in "verify", "export", "import":
            self.assertIn("usage: troupe store", self.ok("store", verb, "--help"))

    def test_repair_removes_what_has_no_log_any_more(self):
        for how in (os.unlink, lambda path: os.truncate(path, 0)):
            execution = self.run_json(self.write("small.yaml", SMALL))["execution_id"]
            log = self.log()
            how(log)
            done = self.troupe("store", "repair", "--json")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(json.loads(done.stdout)["removed"], 1)
            self.assertIn(f"execution {execution} (it had ended: success): nothing of its log is left", done.stderr)
            self.assertEqual(self.ok("executions"), "")
            self.assertEqual(self.verify()["problems"], [])
            self.assertTrue(os.path.isdir(os.path.dirname(log) + ".damaged1"))

    def test_repair_says_what_it_cannot_mend(self):
        self.run_json(self.write("small.yaml", SMALL))
        os.unlink(glob.glob(os.path.join(self.data, "playbooks/*.yaml"))[0])
        done = self.troupe("store", "repair")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"1 problems are left[^\n]*\nplaybooks/")

    def verify(self, code=0):
        done = self.troupe("store", "verify", "--json")
        if code is not None:
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def test_an_index_that_is_gone_damaged_or_lies(self):
        self.fill()
        index = os.path.join(self.data, "index/executions.idx")
        before = self.ok("executions", "--json")
        with open(index, "rb") as f:
            original = f.read()
        os.unlink(index)
        self.assertEqual(self.ok("executions", "--json"), before)
        for at in range(0, len(original), max(1, len(original) // 8)):
            self.damage(index, lambda b: b[:at] + bytes([b[at] ^ 0x10]) + b[at + 1:], original)
            self.assertEqual(self.ok("executions", "--json"), before, at)
            self.damage(index, lambda b: b[:at], original)
            self.assertEqual(self.ok("executions", "--json"), before, at)
        # The next writer makes it anew.
        self.run_json(self.path("small.yaml"))
        self.assertEqual(self.verify()["problems"], [])
        self.assertEqual(self.ok("executions", "--json").splitlines()[1:], before.splitlines())

    def test_a_folder_that_may_only_be_read(self):
        self.run_json(self.write("small.yaml", SMALL))
        if os.geteuid() == 0:
            self.skipTest("root may write everywhere")
        for root, _, _ in os.walk(self.data):
            os.chmod(root, 0o500)
        try:
            self.assertEqual(len(self.ok("executions").splitlines()), 1)
            self.ok("show", "last")
            self.ok("store", "verify")
            done = self.troupe("run", self.path("small.yaml"))
            self.assertEqual(done.returncode, 2)
            self.assertIn("Permission denied", done.stderr)
        finally:
            for root, _, _ in os.walk(self.data):
                os.chmod(root, 0o700)


kit.main()
