#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Evaluate random templates here, with the reference implementation, and in the program under test: the same value, or
both an error. What may differ is named in exceptions.txt, and counted.

    differential.py --program PATH [--count N] [--seed S] [--show N]
"""
import argparse
import collections
import json
import math
import multiprocessing
import os
import re
import subprocess
import sys
import threading
import warnings

import jinja2
import markupsafe

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import generate  # noqa: E402

warnings.simplefilter("ignore")
SHARES = 4
LAZY = ["map", "select", "reject", "selectattr", "rejectattr", "slice", "batch", "unique", "items", "reverse"]


def environment():
    """Jinja as it is, but for lazy filters, which give lists at once (exception `lists-at-once`)."""
    env = jinja2.Environment()
    for name in LAZY:
        env.filters[name] = at_once(env.filters[name])
    return env


def at_once(func):
    def wrapped(*args, **kwargs):
        value = func(*args, **kwargs)
        return value if isinstance(value, str) else list(value)

    for attribute in ("jinja_pass_arg",):
        if hasattr(func, attribute):
            setattr(wrapped, attribute, getattr(func, attribute))
    # Filters with an async variant carry their marker on the function itself.
    wrapped.__dict__.update(getattr(func, "__dict__", {}))
    return wrapped


class NotComparable(Exception):
    pass


def plain(value):
    """The value as JSON shows it."""
    if isinstance(value, jinja2.Undefined):
        return None
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not -2**63 <= value < 2**63:
            raise OverflowError("beyond 64 bits")
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        if not all(isinstance(k, str) for k in value):
            raise NotComparable
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, range)) or type(value).__name__ in ("dict_keys", "dict_values", "dict_items"):
        return [plain(v) for v in value]
    raise NotComparable


def expected(env, template, text):
    """("value", v) or ("error", message); text mode may be forced for values that JSON cannot hold."""
    context = json.loads(generate.context_json())
    try:
        if not text:
            got = {}
            compiled = env.from_string("{% set result = " + template[2:-2] + " %}").make_module(context)
            got = compiled.__dict__.get("result", None)
            try:
                return False, ("value", plain(got))
            except NotComparable:
                text = True
                context = json.loads(generate.context_json())
        return True, ("value", env.from_string(template).render(context))
    except Exception as error:  # whatever it is, it is an error to the author of the template
        return text, ("error", f"{type(error).__name__}: {error}")


def same(a, b):
    if isinstance(a, float) or isinstance(b, float):
        # bool is no number here: True and 1.0 differ
        return isinstance(a, float) and isinstance(b, float) and (a == b or abs(a - b) <= 1e-15 * abs(a))
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    return a == b


def read_exceptions(path):
    rules = []
    for line in open(path, encoding="utf-8"):
        if line.strip() and not line.startswith("#"):
            name, where, pattern, _why = (part.strip() for part in line.split("|||"))
            rules.append((name, where, re.compile(pattern, re.S)))
    return rules


def excused(rules, template, want, got):
    texts = {"template": template, "ours": got[1] if got[0] == "error" else "", "theirs": want[1] if want[0] == "error" else "",
             "output": str(want[1]) + str(got[1])}
    for name, where, pattern in rules:
        if pattern.search(texts[where]):
            return name
    return None


class Program:
    """The program under test, answering lines in the background."""

    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.answers = []
        self.reader = threading.Thread(target=self.collect)
        self.reader.start()

    def collect(self):
        self.answers.extend(self.process.stdout)

    def ask(self, template, text, context):
        line = '{"template": %s, "text": %s, "context": %s}\n' % (json.dumps(template), "true" if text else "false", context)
        self.process.stdin.write(line.encode())

    def finish(self):
        self.process.stdin.close()
        self.reader.join()
        return self.process.wait()


def run(work):
    """One share of the templates; gives (errors, differences as text, exceptions used)."""
    path, count, seed, show = work
    env, gen, program = environment(), generate.Generator(seed), Program(path)
    rules = read_exceptions(os.path.join(os.path.dirname(os.path.abspath(__file__)), "exceptions.txt"))
    context = generate.context_json()
    cases, problems, errors, used = [], [], 0, collections.Counter()
    for _ in range(count):
        template, text = gen.template()
        text, want = expected(env, template, text)
        cases.append((template, want))
        program.ask(template, text, context)
    code = program.finish()
    if len(program.answers) != count or code != 0:
        at = cases[len(program.answers)][0] if len(program.answers) < count else "the end"
        problems.append(f"the program gave {len(program.answers)} answers of {count} and ended with {code}; it stopped at: {at}")
    for (template, want), line in zip(cases, program.answers):
        answer = json.loads(line)
        got = ("error", answer["error"]) if "error" in answer else ("value", answer["value"])
        errors += want[0] == "error"
        if want[0] == got[0] and (want[0] == "error" or same(want[1], got[1])):
            continue
        name = excused(rules, template, want, got)
        if name is not None:
            used[name] += 1
        else:
            problems.append(f"DIFFERENCE in {template!r}\n  jinja: {want}\n  ours:  {got}")
    return errors, problems[:show] + [""] * max(0, len(problems) - show), used


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "little"))
    parser.add_argument("--show", type=int, default=10)
    args = parser.parse_args()
    # The shares are always the same ones for a seed, whatever the machine.
    print(f"differential test: {args.count} templates, seed {args.seed} (again with: --seed {args.seed} --count {args.count})", flush=True)
    work = [(args.program, (args.count + share) // SHARES, args.seed * SHARES + share, args.show) for share in range(SHARES)]
    with multiprocessing.Pool(min(SHARES, os.cpu_count() or 1)) as pool:
        results = pool.map(run, work, chunksize=1)
    errors, differences, used = 0, 0, collections.Counter()
    for share_errors, problems, share_used in results:
        errors += share_errors
        used.update(share_used)
        for problem in problems:
            differences += 1
            if problem and differences <= args.show:
                print("\n" + problem)
    print(f"{args.count} templates, {errors} of them errors; {differences} differences; excused: "
          + (", ".join(f"{k} {v}" for k, v in sorted(used.items())) or "none"))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
