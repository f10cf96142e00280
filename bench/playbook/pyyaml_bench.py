# SPDX-License-Identifier: Apache-2.0
"""The same file through PyYAML's C loader, parsing only: pyyaml_bench.py FILE ROUNDS STEPS."""
import json
import statistics
import sys
import time

import yaml

text = open(sys.argv[1]).read()
times = []
for _ in range(int(sys.argv[2])):
    start = time.perf_counter()
    yaml.load(text, yaml.CSafeLoader)
    times.append((time.perf_counter() - start) * 1e3)
print(json.dumps({"bench": f"load_yaml_{sys.argv[3]}_steps", "subject": "pyyaml", "value": round(statistics.median(times), 2), "unit": "ms"}))
