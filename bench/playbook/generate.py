# SPDX-License-Identifier: Apache-2.0
"""A playbook of N steps (default 5,000) as authors write them: generate.py [N] > FILE."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
out = ["apiVersion: noetl.io/v2", "kind: Playbook", "metadata: { name: large, path: bench/large }",
       "workload: { base: http://localhost, limit: 100, items: [1, 2, 3] }", "workflow:"]
for i in range(n):
    out.append("  - step: s%d" % i)
    if i % 3 == 0:
        out += ["    tool:", "      - fetch:", "          kind: http",
                '          url: "{{ workload.base }}/orders/%d"' % i, "          eval:",
                "            - { expr: \"{{ outcome.status == 'error' and outcome.error.retryable }}\", do: retry, attempts: 5 }",
                '            - else: { do: continue, set_ctx: { n%d: "{{ outcome.data.total }}" } }' % i]
    elif i % 3 == 1:
        out += ["    loop: { in: \"{{ workload.items }}\", iterator: item }", "    tool: { kind: noop, result: \"{{ iter.item * 2 }}\" }"]
    else:
        out += ["    tool: { kind: noop }"]
    if i + 1 < n:
        out += ["    next:", "      - { step: s%d, when: \"{{ ctx.go is not false }}\" }" % (i + 1)]
print("\n".join(out))
