# SPDX-License-Identifier: Apache-2.0
"""The same file through PyYAML's C loader, parsing only: pyyaml_bench.py FILE [ROUNDS]."""
import statistics
import sys
import time

import yaml

text = open(sys.argv[1]).read()
times = []
for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 5):
    start = time.perf_counter()
    yaml.load(text, yaml.CSafeLoader)
    times.append((time.perf_counter() - start) * 1e3)
print("PyYAML %s, C loader, parsing only: %.1f ms (median of %d)" % (yaml.__version__, statistics.median(times), len(times)))
