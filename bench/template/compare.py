#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Templates of playbooks, here and with Jinja2 (compiled once, CPython), in one run: CPU time an evaluation, and the ratio.

    compare.py PATH/bench_template [SECONDS_A_CASE]
"""
import json
import os
import subprocess
import sys
import tempfile
import time

import jinja2

WANTED = {"guard": 20, "interpolation": 10, "list": 10}


def load():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "cases.json"), encoding="utf-8") as f:
        data = json.load(f)
    cities = ["Oslo", "Lima", "Pune", "Graz", "Kobe"]
    data["context"]["users"] = [
        {"name": f"user {i}", "email": f"u{i}@example.com", "age": 20 + i * 37 % 50, "score": i * 0.5, "active": i % 3 != 0,
         "city": cities[i * 7 % 5]} for i in range(100)]
    return data


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


def main():
    program, seconds = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 0.5
    data = load()
    env = jinja2.Environment()
    print(f"Jinja2 {jinja2.__version__}, CPython {sys.version.split()[0]}; best of five parts, {seconds} s a case")
    print(f"{'kind':14} {'case':10} {'jinja2 ns':>12} {'troupe ns':>12} {'ratio':>8}")
    ratios = {}
    for case in data["cases"]:
        # One after the other and once more, so that both meet the machine in the same mood.
        mine = our_time(program, case, data["context"], seconds / 2)
        theirs = jinja_time(env, case, data["context"], seconds)
        mine = min(mine, our_time(program, case, data["context"], seconds / 2))
        ratios.setdefault(case["kind"], []).append(theirs / mine)
        print(f"{case['kind']:14} {case['name']:10} {theirs:12.0f} {mine:12.1f} {theirs / mine:7.1f}x", flush=True)
    good = True
    for kind, values in ratios.items():
        product = 1.0
        for value in values:
            product *= value
        mean = product ** (1 / len(values))
        good = good and mean >= WANTED[kind]
        print(f"{kind}: {mean:.1f}x (geometric mean), {min(values):.1f}x at least; wanted {WANTED[kind]}x")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
