#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Taking up an execution with a long log, with its snapshots and without them.

    bench/engine/resume.py TROUPE [EVENTS]      (default 1000000)

An execution goes round in a circle until its log has about so many events, then waits; its process is killed. Measured is the time until
`troupe resume` says that it goes on, and that of `troupe replay --to` its last event but one thousand, each with the peak of its memory."""
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TROUPE = os.path.abspath(sys.argv[1])
EVENTS = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
PER_ROUND = 15.7
MUTE = socket.create_server(("127.0.0.1", 0))  # takes requests and never answers

PLAYBOOK = """apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: circle, path: bench/circle }
workload: { n: %d }
workflow:
  - step: go
    tool: { kind: noop }
    next:
      - { step: again, when: "{{ (ctx.i or 0) < workload.n }}" }
      - { step: wait }
  - step: again
    tool: { kind: noop }
    next: [ { step: go, set: { ctx.i: "{{ (ctx.i or 0) + 1 }}" } } ]
  - step: wait
    tool: { kind: http, url: "http://127.0.0.1:%d/", timeout: 600 }
"""


def said(process, word):
    for line in process.stderr:
        if word in line:
            return True
    return False


def end(process):
    process.send_signal(signal.SIGKILL)
    process.stderr.close()
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_maxrss / 1024


def make(folder):
    playbook = os.path.join(folder, "circle.yaml")
    with open(playbook, "w", encoding="utf-8") as f:
        f.write(PLAYBOOK % (int(EVENTS / PER_ROUND), MUTE.getsockname()[1]))
    process = subprocess.Popen([TROUPE, "run", playbook, "--durability", "batched", "--grant", "net"], stderr=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, text=True)
    assert said(process, "wait started"), "it did not come to its last step"
    time.sleep(0.5)  # what is batched is synced
    end(process)


def resume(execution):
    begin = time.monotonic()
    process = subprocess.Popen([TROUPE, "resume", execution, "--grant", "net", "--durability", "batched"], stderr=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, text=True)
    assert said(process, "goes on"), "it did not go on"
    seconds = time.monotonic() - begin
    return seconds, end(process)


def replay(to):
    begin = time.monotonic()
    process = subprocess.Popen([TROUPE, "replay", "last", "--to", str(to), "--json"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0
    return time.monotonic() - begin, usage.ru_maxrss / 1024


def show(name, measured):
    print(f"{name:28} {measured[0]:8.2f} s {measured[1]:8.0f} MiB", flush=True)


def main():
    folder = tempfile.mkdtemp(prefix="troupe-resume-")
    os.environ["TROUPE_DATA"] = data = os.path.join(folder, "data")
    try:
        make(folder)
        # Once, so that all of the journal is in the log.
        row = json.loads(subprocess.run([TROUPE, "executions", "--json"], capture_output=True, text=True, check=True).stdout)
        execution = row["execution_id"]
        resume(execution)
        snapshots = glob.glob(os.path.join(data, "executions/**/*.snapshot"), recursive=True)
        log = glob.glob(os.path.join(data, "executions/**/events.log"), recursive=True)[0]
        newest = max(int(os.path.basename(p).split(".")[0]) for p in snapshots)
        print(f"log {os.path.getsize(log) / 1e6:.0f} MB, {len(snapshots)} snapshots of {sum(map(os.path.getsize, snapshots)) / 1e6:.2f} MB in all, "
              f"the newest of event {newest}")
        show("resume, with snapshots", resume(execution))
        show("replay --to, with", replay(newest + 100))
        for path in snapshots:
            os.unlink(path)
        show("resume, log alone", resume(execution))
        show("replay --to, log alone", replay(newest + 100))
    finally:
        shutil.rmtree(folder)


main()
