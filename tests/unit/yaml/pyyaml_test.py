# SPDX-License-Identifier: Apache-2.0
"""Generated scalars and documents read the same here and by PyYAML's safe loader (timestamps as text).

usage: pyyaml_test.py PROGRAM [SEED]. PROGRAM is yaml_to_json. The seed is printed; give it to see a failure again."""
import json
import math
import random
import subprocess
import sys

import yaml


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    pass


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if not tag.endswith((":timestamp", ":value"))]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

ALPHABET = "0123456789abxef_.:+-eEoONnyYsStTrRuU~lLiIfF= "
WORDS = ["yes", "No", "on", "OFF", "true", "False", "null", "~", ".inf", "-.Inf", ".NaN", "0x1f", "0b11", "017", "1:30",
         "1:30.5", "1_000", "1e3", "1.5e+3", "1.", ".5", "-", "+", "0", "-0", "08", "0o7", "2001-01-01", "12:30:45"]


def scalar(r):
    if r.random() < 0.3:
        text = list(r.choice(WORDS))
        for _ in range(r.randrange(3)):
            text.insert(r.randrange(len(text) + 1), r.choice(ALPHABET))
        return "".join(text).strip()
    return "".join(r.choice(ALPHABET) for _ in range(r.randrange(1, 9))).strip()


def plain_document(r):
    return "".join("k%d: %s\n" % (i, scalar(r)) for i in range(20))


def nested(r, depth=0):
    kind = r.randrange(6 if depth < 4 else 3)
    if kind == 0:
        return r.choice(["'it''s'", '"a\\tb\\u00e9"', "plain text", "5", "yes", "~", "1.5"])
    if kind < 3:
        return json.dumps("".join(r.choice("ab \n\t'\"é\\") for _ in range(r.randrange(6))), ensure_ascii=r.random() < 0.5)
    if kind == 3:
        return "[" + ", ".join(nested(r, depth + 1) for _ in range(r.randrange(4))) + "]"
    return "{" + ", ".join("k%d: %s" % (i, nested(r, depth + 1)) for i in range(r.randrange(4))) + "}"


def block_document(r):
    lines = ["base: &b {a: 1, b: [x, y]}", "merged: {<<: *b, a: 2}", "again: *b"]
    lines.append("text: " + r.choice(["|", ">", "|-", ">-", "|+", ">+"]))
    for _ in range(r.randrange(1, 6)):
        lines.append(r.choice(["  line", "    more", "", "  {{ x }}", "  a: b # no comment"]))
    lines.append("tree: " + nested(r))
    return "\n".join(lines) + "\n"


def plain(v):
    """As our JSON shows it: keys as text, infinities and NaN as null."""
    if isinstance(v, dict):
        return {plain_key(k): plain(x) for k, x in v.items()}
    if isinstance(v, list):
        return [plain(x) for x in v]
    if isinstance(v, float) and not math.isfinite(v):
        return None
    return v


def plain_key(k):
    return k if isinstance(k, str) else json.dumps(k)


def same(a, b):
    if isinstance(a, bool) or isinstance(b, bool) or type(a) != type(b):
        return type(a) == type(b) and a == b
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def theirs(text):
    try:
        return True, plain(yaml.load(text, Loader))
    except (yaml.YAMLError, ValueError):
        return False, None


def too_big(v):
    if isinstance(v, dict):
        return any(map(too_big, v.values()))
    if isinstance(v, list):
        return any(map(too_big, v))
    return isinstance(v, int) and not -2**63 <= v < 2**63


def main():
    program = sys.argv[1]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(2**32)
    r = random.Random(seed)
    print("seed", seed)
    compared = 0
    for i in range(240):
        text = plain_document(r) if i % 3 else block_document(r)
        ok, want = theirs(text)
        if not ok or too_big(want):
            continue
        ours = subprocess.run([program], input=text.encode(), capture_output=True)
        got = json.loads(ours.stdout) if ours.returncode == 0 else ours.stderr.decode()
        if ours.returncode != 0 or not same(got, want):
            print("seed %d, document %d:\n%s\ntheirs %r\nours   %r" % (seed, i, text, want, got))
            return 1
        compared += 1
    print(compared, "documents read alike")
    return 0 if compared > 80 else 1


sys.exit(main())
