# SPDX-License-Identifier: Apache-2.0
"""One table from JSON lines {bench, subject, value, unit}: each peer's value and how many times better ours is, and whether the goals are met.

    bench/GROUP/run --json | table.py

bench/GROUP/goals.json: {bench: {"times": {peer: at least so many times better}, "bound": ours at most this,
"as": ours not worse than our other bench, give or take 5 %}}. More is better of what is
counted by the second (a unit that ends in "/s"), less of all else.
"""
import glob
import json
import os
import statistics
import sys

OURS = "troupe"
HERE = os.path.dirname(os.path.abspath(__file__))


def goals():
    result = {}
    for path in sorted(glob.glob(os.path.join(HERE, "*", "goals.json"))):
        with open(path, encoding="utf-8") as f:
            result.update(json.load(f))
    return result


def number(value):
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def gain(unit, ours, theirs):
    """How many times better ours is."""
    better, worse = (ours, theirs) if unit.endswith("/s") else (theirs, ours)
    return better / worse if worse else float("inf")


def verdict(goal, unit, values, rows):
    """The goals in words and whether each is met; None where the peer was not measured."""
    parts, met = [], []
    ours = values.get(OURS)
    for peer, times in goal.get("times", {}).items():
        parts.append(f"{times:g}x {peer}")
        met.append(None if ours is None or peer not in values else gain(unit, ours, values[peer]) >= times)
    if "bound" in goal:
        more = unit.endswith("/s")
        parts.append(f"{'>=' if more else '<='} {number(goal['bound'])}")
        met.append(None if ours is None else (ours >= goal["bound"] if more else ours <= goal["bound"]))
    if "as" in goal:
        other = rows.get(goal["as"], ("", {}))[1].get(OURS)
        parts.append(f"as {goal['as']}")
        met.append(None if ours is None or other is None else gain(unit, ours, other) >= 0.95)
    if not parts:
        return "", None
    state = False if False in met else None if None in met else True
    return ", ".join(parts), state


def collect(lines):
    """{bench: (unit, {subject: value})}, in the order of the lines; of several lines for one thing the median counts."""
    seen, subjects = {}, []
    for line in lines:
        line = line.strip()
        if not line:
            continue
        entry = json.loads(line)
        _, values = seen.setdefault(entry["bench"], (entry["unit"], {}))
        values.setdefault(entry["subject"], []).append(entry["value"])
        if entry["subject"] not in subjects:
            subjects.append(entry["subject"])
    subjects.sort(key=lambda s: s != OURS)
    return {b: (u, {s: statistics.median(v) for s, v in values.items()}) for b, (u, values) in seen.items()}, subjects


def blocks(rows):
    """Benches that were measured on the same kind of subjects share a table."""
    result = []
    for bench, (unit, values) in rows.items():
        ours = OURS in values
        if not result or result[-1][0] != ours:
            result.append((ours, []))
        result[-1][1].append((bench, unit, values))
    return [part for _, part in result]


def print_rows(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for n, row in enumerate(rows):
        print("  ".join(c.ljust(w) if i in (0, 1) or i >= len(row) - 2 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))).rstrip())
        if n == 0:
            print("-" * (sum(widths) + 2 * (len(widths) - 1)))


def show(lines):
    rows, subjects = collect(lines)
    wanted, met, missed, open_ = goals(), [], [], []
    for part in blocks(rows):
        here = [s for s in subjects if any(s in values for _, _, values in part)]
        out = [["benchmark", "unit"] + here + ["goal", ""]]
        for bench, unit, values in part:
            goal = wanted.get(bench, {})
            text, state = verdict(goal, unit, values, rows)
            if text:
                (met if state else missed if state is False else open_).append(bench)
            cells = []
            for s in here:
                cell = number(values[s]) if s in values else "-"
                if s != OURS and s in values and OURS in values:
                    cell += f" ({gain(unit, values[OURS], values[s]):.1f}x)"
                cells.append(cell)
            out.append([bench, unit] + cells + [text, {True: "met", False: "MISSED", None: "" if not text else "not measured"}[state]])
        print_rows(out)
        print()
    if met or missed or open_:
        print(f"goals: {len(met)} met, {len(missed)} missed{': ' + ', '.join(missed) if missed else ''}"
              f"{'; without a peer to measure: ' + ', '.join(open_) if open_ else ''}")
    print("(3.0x): troupe is three times better than that peer in this run")
    return 0


def progress(line):
    """One line while the runs go on."""
    entry = json.loads(line)
    print(f"  {entry['bench']} {entry['subject']}: {number(entry['value'])} {entry['unit']}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(show(sys.stdin))
