# SPDX-License-Identifier: Apache-2.0
"""Functions that playbooks call through the python-bridge plugin."""
import os


def greet(who):
    return {"text": f"Hello, {who}!"}


def divide(a, b):
    return a / b


def die():
    os._exit(3)
