# SPDX-License-Identifier: Apache-2.0
"""troupe node and its endpoint: playbooks handed to the process that owns the folder, and clients that misbehave."""
import contextlib
import json
import os
import signal
import socket
import stat
import struct

import kit

WAITS = """
workflow:
  - step: wait
    tool:
      - go: { kind: python, args: { fifo: "%s" }, code: "return open(fifo).read().strip()" }
"""

QUICK = """
workload: { who: world }
workflow:
  - step: greet
    tool: { kind: noop, result: "Hello, {{ workload.who }}!" }
"""

# More events than fit into what lies between a node and a client that does not read.
MUCH = """
workflow:
  - step: many
    loop: { in: "{{ range(800) }}", iterator: i, spec: { mode: parallel, max_in_flight: 100 } }
    tool: { kind: noop, result: "{{ iter.i }}" }
    next: last
  - step: last
    tool: { kind: noop, result: "all said" }
"""


class Node(kit.Case):
    def node(self, *args):
        process = self.start("node", *args)
        line = process.stdout.readline()
        self.assertTrue(line.startswith("ready: process "), line + (process.stderr.read() if not line else ""))
        return process, line

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, err)
        return err

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(240)
        s.connect(os.path.join(self.data, "node.sock"))
        self.addCleanup(s.close)
        return s

    def test_a_node_that_cannot_say_that_it_is_ready_ends(self):
        with open("/dev/full", "w") as full:
            node = self.start("node", stdout=full)
            _, err = node.communicate(timeout=240)
        self.assertEqual(node.returncode, 1)
        self.assertIn("the output could not be written", err)

    def test_run_hands_its_playbook_over(self):
        process, _ = self.node()
        mode = os.stat(os.path.join(self.data, "node.sock")).st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        done = self.troupe("run", self.write("quick.yaml", QUICK), "--set", "who=node")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout), "Hello, node!")
        self.assertIn("greet done", done.stderr)
        out = self.run_json(self.path("quick.yaml"))
        self.assertEqual(out["steps"]["greet"]["result"], "Hello, world!")
        self.stop(process)
        self.assertFalse(os.path.exists(os.path.join(self.data, "node.sock")))

    def test_a_sub_playbook_is_the_one_beside_its_caller(self):
        """Not the one in the node's working directory, nor the one beside an equal caller in another folder."""
        for folder in ("here", "there", "."):
            os.makedirs(self.path(folder), exist_ok=True)
            self.write(folder + "/child.yaml", "workflow:\n  - step: s\n    tool: { kind: noop, result: \"%s\" }\n" % folder)
        for folder in ("here", "there"):
            self.write(folder + "/parent.yaml", """
                workflow:
                  - step: call
                    tool: { kind: playbook, path: child.yaml }
                  """)
        process, _ = self.node()
        for folder in ("here", "there", "here"):
            done = kit.subprocess.run([kit.TROUPE, "run", "parent.yaml", "--json"], capture_output=True, text=True,
                                      timeout=240, env=self.environment(), cwd=self.path(folder), check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["steps"]["call"]["result"]["result"], folder)
            with open(self.path(folder + "/parent.yaml")) as text:
                piped = kit.subprocess.run([kit.TROUPE, "run", "-", "--json"], stdin=text, capture_output=True, text=True,
                                           timeout=240, env=self.environment(), cwd=self.path(folder), check=False)
            self.assertEqual(json.loads(piped.stdout)["steps"]["call"]["result"]["result"], folder)
        os.remove(self.path("here/child.yaml"))
        lost = self.troupe("run", "here/parent.yaml")
        self.assertEqual(lost.returncode, 2)
        self.assertIn("there is no playbook child.yaml", lost.stderr)
        self.stop(process)

    def test_detach_and_resume_after_a_kill(self):
        fifo = self.fifo("go")
        process, _ = self.node()
        done = self.troupe("run", self.write("waits.yaml", WAITS % fifo), "--detach")
        self.assertEqual(done.returncode, 0, done.stderr)
        execution = done.stdout.strip()
        self.assertRegex(execution, r"^\d+$")
        with open(fifo, "w"):  # the step has begun when somebody reads
            process.kill()
            process.wait()
        self.assertTrue(os.path.exists(os.path.join(self.data, "node.sock")), "a killed process leaves it behind")
        process, line = self.node()
        self.assertIn("1 executions resumed", line)
        with open(fifo, "w") as f:
            f.write("again")
        for _ in range(1000):
            events, _ = self.events(execution)
            if events[-1]["event_type"] == "playbook.processed":
                break
        self.assertEqual(events[-1]["payload"]["status"], "success")
        self.assertEqual([e["attempt"] for e in events if e["event_type"] == "step.scheduled"], [1, 2])
        self.stop(process)

    def test_what_was_acknowledged_is_there_after_a_kill(self):
        path = self.write("quick.yaml", QUICK)
        with open(self.path("large.json"), "w") as f:  # the first event takes its time to be written
            json.dump({"text": "x" * 4000000}, f)
        for durability in ("strict", "batched", "none"):
            with self.subTest(durability=durability):
                process, _ = self.node("--durability", durability)
                done = self.troupe("run", path, "--detach", "--payload", self.path("large.json"))
                process.kill()
                process.wait()
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(self.events(done.stdout.strip())[0][0]["event_type"], "playbook.execution.requested")

    def test_one_whose_node_is_gone_has_not_failed(self):
        for command, how in (("run", signal.SIGKILL), ("run", signal.SIGTERM), ("resume", signal.SIGKILL)):
            with self.subTest(command=command, how=how):
                fifo = self.fifo(f"go-{command}-{how}")
                waits = self.write("waits.yaml", WAITS % fifo)
                if command == "resume":  # one that a process has left behind
                    left = self.start("run", waits)
                    with open(fifo, "w"):
                        left.kill()
                        left.wait()
                    process, _ = self.node("--verbose")
                    client = self.start("resume", "last")
                    while "goes on" not in client.stderr.readline():
                        pass
                else:
                    process, _ = self.node()
                    client = self.start("run", waits)
                with open(fifo, "w"):
                    process.send_signal(how)
                    _, err = client.communicate(timeout=240)
                self.assertEqual(client.returncode, 3, err)
                if command == "run":
                    self.assertRegex(err, r"execution (\d+): 'troupe resume \1' sees it to its end")
                self.reap(process)
                self.assertEqual(self.troupe("cancel", "last").returncode, 0)

    def test_detach_needs_a_node(self):
        done = self.troupe("run", self.write("quick.yaml", QUICK), "--detach")
        self.assertEqual(done.returncode, 2)
        self.assertIn("troupe node --data", done.stderr)

    def test_interrupt_cancels_there(self):
        fifo = self.fifo("go")
        process, _ = self.node()
        client = self.start("run", self.write("waits.yaml", WAITS % fifo), "--events")
        with open(fifo, "w"):
            client.send_signal(signal.SIGINT)
            out, err = client.communicate(timeout=240)
        self.assertEqual(client.returncode, 130, err)
        self.assertIn("execution.cancelled", err)
        self.stop(process)

    def test_options_of_the_node_are_not_the_clients(self):
        process, _ = self.node()
        done = self.troupe("run", self.write("quick.yaml", QUICK), "--grant", "exec")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--grant", done.stderr)
        self.stop(process)

    def test_a_run_serves_others_and_waits_for_them(self):
        first, second = self.fifo("first"), self.fifo("second")
        self.serves_others(self.start("run", self.write("one.yaml", WAITS % first), "--json"), first, second)

    def test_a_resume_serves_others_and_waits_for_them(self):
        first, second = self.fifo("first"), self.fifo("second")
        self.serves_others(self.interrupted(first), first, second)

    def interrupted(self, fifo):
        """What resumes an execution that was killed."""
        killed = self.start("run", self.write("own.yaml", WAITS % fifo), "--json")
        with open(fifo, "w"):
            killed.kill()
            killed.wait()
        with contextlib.suppress(OSError):  # until nobody of the dead process reads there any more
            while True:
                os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
        return self.start("resume", "--json")

    def serves_others(self, owner, first, second):
        with open(first, "w") as one:
            client = self.start("run", self.write("two.yaml", WAITS % second), "--json")
            with open(second, "w") as two:
                one.write("1")
                one.close()
                line = ""
                while "waiting for 1 execution" not in line:
                    line = owner.stderr.readline()
                    self.assertTrue(line, "the owner must not end while another's execution runs")
                two.write("2")
        out, err = client.communicate(timeout=240)
        self.assertEqual(client.returncode, 0, err)
        self.assertEqual(json.loads(out)["result"], "2")
        out, err = owner.communicate(timeout=240)
        self.assertEqual(owner.returncode, 0, err)
        self.assertEqual(json.loads(out)["result"], "1")

    def test_many_at_once_without_a_node(self):
        """One of them owns the folder, and then another: nobody is turned away, whenever it comes."""
        self.write("quick.yaml", QUICK)
        for _ in range(3):
            for process in [self.start("run", "quick.yaml", "--json") for _ in range(12)]:
                out, err = process.communicate(timeout=240)
                self.assertEqual(process.returncode, 0, err)
                self.assertEqual(json.loads(out)["result"], "Hello, world!")
        self.assertEqual(len(self.troupe("executions", "--json", "--limit", "100").stdout.splitlines()), 36)

    def test_a_second_node_is_told_whose_it_is(self):
        process, _ = self.node()
        done = self.troupe("node")
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"process {process.pid} is writing here", done.stderr)
        self.stop(process)

    def test_a_name_too_long_for_a_socket(self):
        self.data = os.path.join(self.folder, "x" * 120)
        done = self.troupe("node")
        self.assertEqual(done.returncode, 2)
        self.assertIn("too long for a socket", done.stderr)
        self.assertEqual(self.run_json(self.write("quick.yaml", QUICK))["status"], "success")

    def test_bad_clients_do_no_harm(self):
        process, _ = self.node()
        for bad in (b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x00\x00\x00\x01\xc1", b"\x00\x00\x00\x02\xc0\xc0",
                    b"\x00\x00\x00\x01\x01", b"GET / HTTP/1.1\r\n\r\n", b"\x00\x00\x01\x00" + b"\x91" * 256,
                    b"\x00\x00\x00\x06\x93\x01\x01\x01\x01\x01"):
            s = self.connect()
            s.sendall(bad)
            said = b""
            while chunk := s.recv(4096):
                said += chunk
            self.assertIn(b"this is no request", said, bad)
        half = self.connect()
        half.sendall(struct.pack(">I", 100) + b"\x93")
        # [1, "keychain", nil, 1000]: no subject for clients; the connection stays good.
        s = self.connect()
        s.sendall(frame(b"\x94\x01\xa8keychain\xc0\xcd\x03\xe8"))
        self.assertIn(b"no such subject", answer(s))
        # [2, "executions", ["fly"], 1000]
        s.sendall(frame(b"\x94\x02\xaaexecutions\x91\xa3fly\xcd\x03\xe8"))
        self.assertIn(b"executions know start", answer(s))
        # [3, "node", ["status"], 1000] in two pieces
        status = frame(b"\x94\x03\xa4node\x91\xa6status\xcd\x03\xe8")
        s.sendall(status[:7])
        s.sendall(status[7:])
        self.assertIn(b"started_at_us", answer(s))
        self.assertEqual(self.run_json(self.write("quick.yaml", QUICK))["status"], "success")
        self.stop(process)

    def test_who_has_not_been_told_yet_is_waited_for(self):
        """Another's execution has ended before the owner's own; its client does not read for a while."""
        mine = self.fifo("mine")
        self.told_before_its_end(self.start("run", self.write("own.yaml", WAITS % mine), "--json"), mine)

    def test_who_resumes_waits_for_who_has_not_been_told_yet(self):
        mine = self.fifo("mine")
        self.told_before_its_end(self.interrupted(mine), mine)

    def told_before_its_end(self, owner, mine):
        with open(mine, "w") as own:
            self.write("much.yaml", kit.HEADER.replace("tests/test", "test/much") + MUCH, header=False)
            much = self.start("run", self.path("much.yaml"), "--events")
            line = much.stderr.readline()
            self.assertIn("execution.requested", line)
            much.send_signal(signal.SIGSTOP)
            self.ended("test/much")
            own.write("1")
        while os.path.exists(os.path.join(self.data, "node.sock")):
            os.sched_yield()
        much.send_signal(signal.SIGCONT)
        out, err = much.communicate(timeout=240)
        self.assertEqual(much.returncode, 0, err[-2000:])
        self.assertEqual(json.loads(out), "all said")
        out, err = owner.communicate(timeout=240)
        self.assertEqual(owner.returncode, 0, err)
        self.assertEqual(json.loads(out)["result"], "1")

    def ended(self, path):
        """Wait until the execution of this playbook has."""
        while True:
            done = self.troupe("executions", "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            for row in map(json.loads, done.stdout.splitlines()):
                if row["playbook"] == path and row["status"] == "success":
                    return

    def test_a_full_endpoint_says_so_and_has_room_for_short_commands(self):
        process, _ = self.node()
        first = self.fifo("first")
        done = self.troupe("run", self.write("waits.yaml", WAITS % first), "--detach")
        self.assertEqual(done.returncode, 0, done.stderr)
        execution = done.stdout.strip()
        watching = [self.connect() for _ in range(64)]
        for s in watching:  # [1, "watch", execution]
            s.sendall(frame(b"\x93\x01\xa5watch\xd3" + struct.pack(">q", int(execution))))
        for s in watching:
            self.assertNotIn(b"full", answer(s))
        # One more may not watch, but ask.
        s = self.connect()
        s.sendall(frame(b"\x93\x01\xa5watch\xd3" + struct.pack(">q", int(execution))))
        self.assertIn(b"the endpoint is full", answer(s))
        s.sendall(frame(b"\x94\x02\xa4node\x91\xa6status\xcd\x03\xe8"))
        self.assertIn(b"started_at_us", answer(s))
        s.close()
        for command in (("pause", execution), ("unpause", execution), ("executions",)):
            done = self.troupe(*command)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("running", done.stdout)
        quick = self.troupe("run", self.write("quick.yaml", QUICK), "--detach")
        self.assertEqual(quick.returncode, 0, quick.stderr)
        # Who wants to watch says why it waits, and gets the first place that is free.
        client = self.start("run", self.path("quick.yaml"), "--json")
        self.assertIn("the endpoint is full", client.stderr.readline())
        again = self.start("resume", execution, "--json")
        self.assertIn("the endpoint is full", again.stderr.readline())
        watching.pop().close()
        watching.pop().close()
        out, err = client.communicate(timeout=240)
        self.assertEqual(client.returncode, 0, err)
        self.assertEqual(json.loads(out)["result"], "Hello, world!")
        done = self.troupe("cancel", execution)
        self.assertEqual(done.returncode, 0, done.stderr)
        out, err = again.communicate(timeout=240)
        # Its place may have come before the end of the execution or after it.
        said = json.loads(out)["status"] if out else err
        self.assertIn("cancelled", said)
        self.stop(process)

    def test_silent_connections_lock_nobody_out(self):
        """More of them than there are places, in the reserve too: commands wait until they are let go."""
        process, _ = self.node()
        silent = [self.connect() for _ in range(90)]
        turned_away = 0
        for s in silent[80:]:
            turned_away += b"the endpoint is full: 80 clients" in answer(s)
        self.assertEqual(turned_away, 10)
        done = self.troupe("run", self.write("quick.yaml", QUICK), "--detach")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"nothing was asked", answer(silent[64]))
        self.stop(process)


def frame(body):
    return struct.pack(">I", len(body)) + body


def answer(s):
    head = b""
    while len(head) < 4:
        more = s.recv(4 - len(head))
        if not more:
            return b""
        head += more
    left = struct.unpack(">I", head)[0]
    body = b""
    while len(body) < left:
        body += s.recv(left - len(body))
    return body


if __name__ == "__main__":
    kit.main()
