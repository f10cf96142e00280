#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server for tests: a fresh cluster in a temporary folder, on a free loopback port, until standard input ends.

Prints one line "PORT FOLDER" when it answers. Role troupe with the password "opensesame", database troupe.
PostgreSQL refuses to run as root: then it runs as the user `postgres` that its package makes.
"""
import glob
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile


def program(name):
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    path = found[-1] if found else shutil.which(name)
    if path is None:
        sys.exit(f"postgres_server: {name} is not here; packaging/setup test installs postgresql")
    return path


def as_user():
    """What makes a child run as somebody who may."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam("postgres")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(folder, port, who):
    """The server when it answers; None when it ended, say because the port has gone to somebody else meanwhile. Its sockets in the file system are not
    made: they would be refused below a folder with a long name."""
    log = open(f"{folder}/log", "ab")
    server = subprocess.Popen([program("postgres"), "-D", f"{folder}/data", "-p", str(port), "-k", "",
                               "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=100"],
                              stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder, **who)
    ready = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "10"]
    while server.poll() is None:
        if subprocess.run(ready, check=False, cwd=folder).returncode == 0 and server.poll() is None:
            return server
    return None


def main():
    who = as_user()
    folder = tempfile.mkdtemp(prefix="troupe-postgres-")
    server = None
    try:
        if who:
            os.chown(folder, who["user"], who["group"])
        data, secret = f"{folder}/data", f"{folder}/password"
        with open(secret, "w", encoding="ascii") as f:
            f.write("opensesame\n")
        os.chmod(secret, 0o644)
        subprocess.run([program("initdb"), "-D", data, "-U", "troupe", "--pwfile", secret, "-A", "scram-sha-256",
                        "--encoding", "UTF8", "--no-locale", "--no-sync"],
                       check=True, stdout=subprocess.DEVNULL, cwd=folder, **who)
        for _ in range(20):
            port = free_port()
            server = start(folder, port, who)
            if server is not None:
                break
        else:
            sys.exit(open(f"{folder}/log", encoding="utf8", errors="replace").read())
        env = dict(os.environ, PGPASSWORD="opensesame")
        subprocess.run([program("createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "troupe", "troupe"], check=True, env=env)
        print(port, folder, flush=True)
        sys.stdin.read()
    finally:
        if server is not None:
            server.send_signal(3)  # SIGQUIT: at once
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


main()
