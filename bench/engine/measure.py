# SPDX-License-Identifier: Apache-2.0
"""Whole-process figures of `troupe run` on generated playbooks of noop steps: measure.py TROUPE FOLDER NAME..."""
import json
import os
import resource
import subprocess
import sys
import time

TROUPE, FOLDER = sys.argv[1:3]
HEAD = "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: { name: bench, path: bench/engine }\nworkflow:\n"


def write(name, text):
    path = os.path.join(FOLDER, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(HEAD + text)
    return path


def chain(n):
    return "".join(f"  - step: s{i}\n    tool: {{ kind: noop }}\n" + (f"    next: s{i + 1}\n" if i + 1 < n else "") for i in range(n))


def loop(n, mode, in_flight):
    return (f"  - step: many\n    loop: {{ in: \"{{{{ range({n}) }}}}\", iterator: i, "
            f"spec: {{ mode: {mode}, max_in_flight: {in_flight} }} }}\n    tool: [ {{ one: {{ kind: noop }} }} ]\n")


def run(path, durability):
    """Seconds of wall and processor time and peak KiB of one run."""
    data = os.path.join(FOLDER, f"data-{time.monotonic_ns()}")
    before = time.monotonic()
    process = subprocess.Popen([TROUPE, "run", path, "--json", "--durability", durability, "--data", data],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - before
    if status != 0 or json.loads(out)["status"] != "success":
        raise SystemExit(f"{path} failed: {out[:300]!r}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def tell(bench, subject, value, unit):
    print(json.dumps({"bench": bench, "subject": subject, "value": round(value, 3), "unit": unit}), flush=True)


def main():
    cases = [("one_step", write("one.yaml", chain(1)), 1), ("chain_1000", write("c1k.yaml", chain(1000)), 1000),
             ("chain_10000", write("c10k.yaml", chain(10000)), 10000),
             ("loop_1000", write("l1k.yaml", loop(1000, "parallel", 1000)), 1000),
             ("loop_100000", write("l100k.yaml", loop(100000, "parallel", 1000)), 100000)]
    for name, path, n in cases:
        if name not in sys.argv[3:]:
            continue
        for durability in ("strict", "batched", "none"):
            runs = sorted(run(path, durability) for _ in range(3))
            wall, cpu, rss = runs[1]
            tell(f"{name}_wall", durability, wall, "s")
            tell(f"{name}_processor", durability, cpu, "s")
            tell(f"{name}_rate", durability, n / wall, "steps/s")
            tell(f"{name}_peak", durability, rss / 1024, "MiB")


main()
