#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes playbooks whose cost is to be measured: a long chain, a large loop, a wide fan-out.

    gen_chain.py chain 10000 > chain.yaml      10,000 noop steps, one after the other
    gen_chain.py loop 100000 > loop.yaml       one step with a parallel loop of 100,000 noop iterations
    gen_chain.py sequential 100000 > seq.yaml  the same, one iteration after the other
    gen_chain.py fan 1000 > fan.yaml           one step that opens 1,000 branches, which meet again
"""
import argparse

HEAD = "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {{ name: {0}, path: perf/{0} }}\n"


def chain(n):
    yield "workflow:\n"
    for i in range(n):
        follow = f"\n    next: [ s{i + 1} ]" if i + 1 < n else ""
        yield f"  - step: s{i}\n    tool: {{ kind: noop }}{follow}\n"


def loop(n, mode="parallel"):
    yield f"workload: {{ count: {n}, at_once: 256 }}\n"
    yield "workflow:\n  - step: each\n    loop:\n"
    yield '      in: "{{ workload.count | int }}"\n      iterator: n\n'
    extra = ', max_in_flight: "{{ workload.at_once | int }}"' if mode == "parallel" else ""
    yield f"      spec: {{ mode: {mode}{extra} }}\n    tool: {{ kind: noop }}\n"


def sequential(n):
    yield from loop(n, "sequential")


def fan(n):
    yield "workflow:\n  - step: open\n    spec: { next_mode: inclusive }\n    tool: { kind: noop }\n    next:\n"
    for i in range(n):
        yield f"      - step: b{i}\n"
    for i in range(n):
        yield f"  - step: b{i}\n    tool: {{ kind: noop }}\n    next: [ meet ]\n"
    yield "  - step: meet\n    tool: { kind: noop }\n"


def main():
    shapes = {"chain": chain, "loop": loop, "sequential": sequential, "fan": fan}
    parser = argparse.ArgumentParser(description="Write a playbook whose cost is to be measured.")
    parser.add_argument("shape", choices=sorted(shapes))
    parser.add_argument("count", type=int)
    options = parser.parse_args()
    print(HEAD.format(f"{options.shape}_{options.count}"), end="")
    print("".join(shapes[options.shape](options.count)), end="")


if __name__ == "__main__":
    main()
