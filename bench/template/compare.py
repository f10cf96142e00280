#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Templates of playbooks, here and with Jinja2 (compiled once, CPython), in one run: CPU time an evaluation, and the ratio.

    compare.py PATH/bench_template SECONDS_A_CASE NAME...

NAME: guards, interpolations, lists. JSON lines {bench, subject, value, unit}, one a case and the geometric mean of each kind.
"""
import json
import math
import os
import subprocess
import sys
import tempfile
import time

import jinja2

import cases

KINDS = {"guards": "guard", "interpolations": "interpolation", "lists": "list"}


def tell(bench, subject, seconds):
    print(json.dumps({"bench": bench, "subject": subject, "value": round(seconds, 1), "unit": "ns"}), flush=True)


def best(call, seconds):
    """Seconds a call, the best of five parts."""
    result = 1e9
    for _ in range(5):
        rounds, start = 0, time.process_time()
        while True:
            for _ in range(20):
                call()
            rounds += 20
            spent = time.process_time() - start
            if spent >= seconds / 5:
                break
        result = min(result, spent / rounds)
    return result


def jinja_time(env, case, context, seconds):
    render = env.from_string(case["template"]).render
    took = best(lambda: render(context), seconds)
    if case["kind"] == "guard":
        # The other way to ask Jinja for a condition; its better time counts.
        expression = env.compile_expression(case["template"][2:-2].strip())
        took = min(took, best(lambda: expression(context), seconds))
    return took * 1e9


def our_time(program, case, context, seconds):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        json.dump({"context": context, "cases": [case]}, f)
        f.flush()
        out = subprocess.run([program, f.name, str(seconds)], check=True, capture_output=True, text=True).stdout
    return float(out.split()[0])


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def main():
    program, seconds, names = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    data = cases.load()
    env = jinja2.Environment()
    for name in names:
        ours, theirs = [], []
        for case in data["cases"]:
            if case["kind"] != KINDS[name]:
                continue
            # One after the other and once more, so that both meet the machine in the same mood.
            mine = our_time(program, case, data["context"], seconds / 2)
            theirs.append(jinja_time(env, case, data["context"], seconds))
            ours.append(min(mine, our_time(program, case, data["context"], seconds / 2)))
            tell(f"{name}_{case['name']}", "troupe", ours[-1])
            tell(f"{name}_{case['name']}", "jinja2", theirs[-1])
        tell(name, "troupe", geometric_mean(ours))
        tell(name, "jinja2", geometric_mean(theirs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
