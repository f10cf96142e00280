#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""nghttpd for tests: HTTP/2 over TLS on a free loopback port, with a file /hello, until standard input ends. Prints "PORT"; 0 where nghttpd or
openssl are not here (packaging/setup test installs them)."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 10).close()
        return True
    except OSError:
        return False


def start(command):
    """Of the ports that were free a moment ago the first that still is."""
    for _ in range(20):
        port = free_port()
        server = subprocess.Popen([str(port) if word == "PORT" else word for word in command],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while server.poll() is None:
            if answers(port) and server.poll() is None:
                return port, server
            time.sleep(0.01)
    sys.exit("h2_server: nghttpd ended")


def main():
    program = shutil.which("nghttpd") or shutil.which("nghttpd", path="/usr/sbin")
    if program is None or shutil.which("openssl") is None:
        print(0, flush=True)
        sys.stdin.read()
        return
    with tempfile.TemporaryDirectory(prefix="troupe-h2-") as folder:
        key, cert = f"{folder}/key", f"{folder}/cert"
        make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        subprocess.run(make + ["-subj", "/CN=localhost", "-keyout", key, "-out", cert], check=True, capture_output=True)
        os.mkdir(f"{folder}/site")
        with open(f"{folder}/site/hello", "w", encoding="ascii") as f:
            f.write('{"over": "http/2"}')
        port, server = start([program, "--address=127.0.0.1", "-d", f"{folder}/site", "PORT", key, cert])
        try:
            print(port, flush=True)
            sys.stdin.read()
        finally:
            server.kill()
            server.wait()


main()
