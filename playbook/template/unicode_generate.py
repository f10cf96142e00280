#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write unicode_data.inc: what Python's str methods know of each character, as sorted ranges.

Run by hand when the Unicode version is to change:  python3 unicode_generate.py > unicode_data.inc
"""
import sys
import unicodedata

LIMIT = 0x110000


def ranges(test):
    out, start = [], None
    for c in range(LIMIT):
        if 0xD800 <= c < 0xE000:
            hit = False
        else:
            hit = test(chr(c))
        if hit and start is None:
            start = c
        if not hit and start is not None:
            out.append((start, c - 1))
            start = None
    if start is not None:
        out.append((start, LIMIT - 1))
    return out


def case_runs(convert):
    """(first, last, step, delta) for single characters, [(from, to...)] for those that become several."""
    pairs, special = [], []
    for c in range(LIMIT):
        if 0xD800 <= c < 0xE000:
            continue
        to = convert(chr(c))
        if to == chr(c):
            continue
        if len(to) == 1:
            pairs.append((c, ord(to) - c))
        else:
            special.append((c, [ord(x) for x in to]))
    runs = []
    for c, d in pairs:
        if runs and runs[-1][3] == d:
            first, last, step, _ = runs[-1]
            if first == last and c - last in (1, 2):
                runs[-1] = (first, c, c - last, d)
                continue
            if first != last and c - last == step:
                runs[-1] = (first, c, step, d)
                continue
        runs.append((c, c, 1, d))
    return runs, special


def table(kind, name, rows, fmt):
    print(f"static const struct {kind} {name}[] = {{")
    line = "\t"
    for row in rows:
        item = fmt(row) + ","
        if len(line) + len(item) > 118:
            print(line.rstrip())
            line = "\t"
        line += item + " "
    if line.strip():
        print(line.rstrip())
    print("};\n")


print("/* SPDX-License-Identifier: Apache-2.0 */")
print(f"/* Written by unicode_generate.py from Unicode {unicodedata.unidata_version}. */\n")
for name, test in [
    ("alpha", str.isalpha),
    ("decimal", str.isdecimal),
    ("digit", str.isdigit),
    ("numeric", str.isnumeric),
    ("space", str.isspace),
    ("upper", str.isupper),
    ("lower", str.islower),
    ("title", lambda c: unicodedata.category(c) == "Lt"),
    ("hidden", lambda c: not c.isprintable()),
    ("ignorable", lambda c: unicodedata.category(c) in ("Mn", "Me", "Cf", "Lm", "Sk") or c in "'.:\u00b7\u2018\u2019\u2024\u2027"),
]:
    table("range", f"{name}_ranges", ranges(test), lambda r: f"{{0x{r[0]:x}, 0x{r[1]:x}}}")
for name, convert in [("upper", str.upper), ("lower", str.lower), ("title", str.title), ("fold", str.casefold)]:
    runs, special = case_runs(convert)
    if name in ("title", "fold"):
        base = str.upper if name == "title" else str.lower
        known, kspecial = case_runs(base)
        flat = {c for c in range(LIMIT) if not 0xD800 <= c < 0xE000 and convert(chr(c)) != base(chr(c))}
        runs, special = case_runs(lambda ch: convert(ch) if ord(ch) in flat and convert(ch) != ch else ch)
        same = [c for c in sorted(flat) if convert(chr(c)) == chr(c)]
        table("case_run", f"{name}_runs", runs + [(c, c, 1, 0) for c in same] if same else runs,
              lambda r: f"{{0x{r[0]:x}, 0x{r[1]:x}, {r[2]}, {r[3]}}}")
    else:
        table("case_run", f"{name}_runs", runs, lambda r: f"{{0x{r[0]:x}, 0x{r[1]:x}, {r[2]}, {r[3]}}}")
    table("case_special", f"{name}_specials", special,
          lambda s: "{0x%x, {%s}}" % (s[0], ", ".join("0x%x" % x for x in s[1])))
