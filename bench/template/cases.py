#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The templates that are measured and what they see: cases.json, and a hundred users for its lists.

    cases.py [TIMES]    as JSON, each case so many times
"""
import json
import os
import sys


def load():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "cases.json"), encoding="utf-8") as f:
        data = json.load(f)
    cities = ["Oslo", "Lima", "Pune", "Graz", "Kobe"]
    data["context"]["users"] = [
        {"name": f"user {i}", "email": f"u{i}@example.com", "age": 20 + i * 37 % 50, "score": i * 0.5, "active": i % 3 != 0,
         "city": cities[i * 7 % 5]} for i in range(100)]
    return data


if __name__ == "__main__":
    everything = load()
    everything["cases"] *= int(sys.argv[1]) if len(sys.argv) > 1 else 1
    json.dump(everything, sys.stdout)
