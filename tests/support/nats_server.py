#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""NATS servers for tests, on free loopback ports, with JetStream in a temporary folder, until standard input ends.

Prints one line "PORT TLS_PORT OPERATOR_PORT FOLDER" when they answer (TLS_PORT 0 without openssl). Users of the first: troupe with the
password "opensesame"; reader, who may publish to "allowed" only; the nkey of NKEY below. The second wants TLS (FOLDER/ca.pem
vouches for it as "localhost") and the token "opensesame". The third is in operator mode with one account, in memory: FOLDER/good.creds is a user of it
who may publish to "allowed" only; stranger.creds is signed by an account that nobody signed, expired.creds was good once, mixed.creds has another
one's seed.

Somebody listens there: at "echo" and answers with what came, at "silent" and answers nothing, at "control.restart" and
ends the first server before it answers, and starts it again at the same port.
"""
import base64
import ctypes
import ctypes.util
import glob
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

NKEY = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"
USERS = """
jetstream { store_dir: "%(folder)s/store" }
authorization { users: [
  { user: troupe, password: opensesame }
  { user: reader, password: opensesame, permissions: { publish: ["allowed"], subscribe: "_INBOX.>" } }
  { nkey: %(nkey)s }
] }
"""
TLS = """
tls { cert_file: "%(folder)s/cert.pem", key_file: "%(folder)s/key.pem" }
authorization { token: opensesame }
"""


OPERATOR = """
operator: %(operator)s
resolver: MEMORY
resolver_preload: { %(account)s: %(account_jwt)s }
"""


class Key:
    """An nkey: an Ed25519 key pair whose texts say what it is of."""
    SODIUM = None

    def __init__(self, kind):
        if Key.SODIUM is None:
            Key.SODIUM = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
            Key.SODIUM.sodium_init()
        self.kind = {"operator": 14 << 3, "account": 0, "user": 20 << 3}[kind]
        seed, public, secret = os.urandom(32), ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
        Key.SODIUM.crypto_sign_seed_keypair(public, secret, seed)
        self.secret = secret
        self.public = self.text(bytes([self.kind]) + public.raw)
        self.seed = self.text(bytes([18 << 3 | self.kind >> 5, (self.kind & 31) << 3]) + seed)

    @staticmethod
    def text(data):
        crc = 0
        for byte in data:
            crc ^= byte << 8
            for _ in range(8):
                crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xffff
        return base64.b32encode(data + crc.to_bytes(2, "little")).decode().rstrip("=")

    def jwt(self, subject, name, claims, **more):
        def part(data):
            return base64.urlsafe_b64encode(data).rstrip(b"=")
        body = {"jti": name, "iat": int(time.time()), "iss": self.public, "name": name, "sub": subject.public,
                "nats": dict(claims, version=2), **more}
        text = part(json.dumps({"typ": "JWT", "alg": "ed25519-nkey"}).encode()) + b"." + part(json.dumps(body).encode())
        signature = ctypes.create_string_buffer(64)
        Key.SODIUM.crypto_sign_detached(signature, None, text, ctypes.c_ulonglong(len(text)), self.secret)
        return (text + b"." + part(signature.raw)).decode()


LIMITS = {name: -1 for name in ("subs", "data", "payload", "imports", "exports", "conn", "leaf")}


def operator_config(folder):
    operator, account, other = Key("operator"), Key("account"), Key("account")

    def creds(name, signer, seed=None, **more):
        user = Key("user")
        claims = {"type": "user", "pub": {"allow": ["allowed"]}, "sub": {}, "subs": -1, "data": -1, "payload": -1}
        with open(f"{folder}/{name}.creds", "w", encoding="ascii") as f:
            f.write(f"-----BEGIN NATS USER JWT-----\n{signer.jwt(user, name, claims, **more)}\n------END NATS USER JWT------\n\n"
                    f"************************* IMPORTANT *************************\n\n"
                    f"-----BEGIN USER NKEY SEED-----\n{seed or user.seed}\n------END USER NKEY SEED------\n")

    creds("good", account)
    creds("stranger", other)
    creds("expired", account, exp=int(time.time()) - 3600)
    creds("mixed", account, seed=Key("user").seed)
    return OPERATOR % {"operator": operator.jwt(operator, "operator", {"type": "operator"}), "account": account.public,
                       "account_jwt": operator.jwt(account, "account", {"type": "account", "limits": dict(LIMITS, wildcards=True)})}


class Server:
    def __init__(self, folder, name, config):
        self.program = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin:/usr/local/sbin")
        if self.program is None:
            sys.exit("nats_server: nats-server is not here; packaging/setup test installs it")
        self.folder = os.path.join(folder, name)
        os.mkdir(self.folder)
        self.config = os.path.join(self.folder, "config")
        with open(self.config, "w", encoding="ascii") as f:
            f.write(config % {"folder": folder, "nkey": NKEY})
        self.port = -1  # the server chooses
        self.process = None

    def start(self):
        for old in glob.glob(f"{self.folder}/*.ports"):
            os.remove(old)
        log = open(f"{self.folder}/log", "ab")
        self.process = subprocess.Popen([self.program, "-c", self.config, "-a", "127.0.0.1", "-p", str(self.port),
                                         "--ports_file_dir", self.folder],
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while True:
            if self.process.poll() is not None:
                sys.exit(open(f"{self.folder}/log", encoding="utf8", errors="replace").read())
            for path in glob.glob(f"{self.folder}/*.ports"):
                try:
                    with open(path, encoding="ascii") as f:
                        urls = json.load(f)["nats"]
                except (ValueError, KeyError):
                    continue
                self.port = int(urls[0].rsplit(":", 1)[1])
                return
            time.sleep(0.005)

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()


class Listener(threading.Thread):
    """As much of the protocol as listening takes."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.ready = threading.Event()

    def connect(self):
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", self.server.port))
                break
            except OSError:
                time.sleep(0.01)
        self.file = self.socket.makefile("rwb")
        self.file.readline()  # INFO
        hello = {"verbose": False, "headers": True, "user": "troupe", "pass": "opensesame"}
        self.say(f"CONNECT {json.dumps(hello)}\r\nSUB echo 1\r\nSUB silent 2\r\nSUB control.* 3\r\nPING\r\n".encode())
        while self.file.readline() != b"PONG\r\n":
            pass
        self.ready.set()

    def say(self, text):
        self.file.write(text)
        self.file.flush()

    def take(self, words):
        size = int(words[-1])
        head = int(words[-2]) if words[0] == b"HMSG" else 0
        reply = words[3] if len(words) == (6 if head else 5) else None
        body = self.file.read(size + 2)[:-2]
        if words[1] == b"control.restart":
            self.server.stop()
            self.server.start()
            self.connect()
        elif words[1] == b"echo" and reply and head:
            self.say(b"HPUB %s %d %d\r\n%s\r\n" % (reply, head, size, body))
        elif words[1] == b"echo" and reply:
            self.say(b"PUB %s %d\r\n%s\r\n" % (reply, size, body))

    def run(self):
        self.connect()
        while True:
            line = self.file.readline()
            if not line:
                return
            words = line.split()
            if words[0] == b"PING":
                self.say(b"PONG\r\n")
            elif words[0] in (b"MSG", b"HMSG"):
                self.take(words)


def certificate(folder):
    """A certificate for localhost that vouches for itself; False without openssl."""
    made = shutil.which("openssl") and subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"],
        check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    if made:
        shutil.copy(f"{folder}/cert.pem", f"{folder}/ca.pem")
    return bool(made)


def main():
    folder = tempfile.mkdtemp(prefix="troupe-nats-")
    servers = []
    try:
        servers.append(Server(folder, "users", USERS))
        tls = certificate(folder)
        if tls:
            servers.append(Server(folder, "tls", TLS))
        servers.append(Server(folder, "operator", operator_config(folder)))
        for server in servers:
            server.start()
        listener = Listener(servers[0])
        listener.start()
        listener.ready.wait()
        print(servers[0].port, servers[1].port if tls else 0, servers[-1].port, folder, flush=True)
        sys.stdin.read()
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


main()
