# SPDX-License-Identifier: Apache-2.0
"""
An HTTP server that behaves and misbehaves on request, for tests. Binds free ports of 127.0.0.1, prints "PORT TLS_PORT" (0 without openssl),
serves until its standard input ends.

  /echo            what arrived, as JSON            /status/N?retry_after=V     that status, with a body
  /redirect/N      N redirects, then /echo          /go?to=URL&status=N         one redirect
  /half            half of the promised body        /drop                       the connection, without an answer
  /broken          says JSON, is none               /raw?type=T&body=B          these
  /bytes?n=N       N bytes                          /gzip                       compressed JSON
  /hold            answers never; notices when the client goes      /gone       waits for that, then tells how often
  /connections     how many connections were accepted so far
  /stream?n=N&type=T   N bytes of text, a piece at a time      /cookie      sets a cookie
  /agent           who asked for the last tunnel
It is a proxy, too: for a whole URL it says {"proxied": URL}, and it tunnels what CONNECT asks for.
"""
import gzip
import json
import os
import select
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class State:
    connections = 0
    gone = 0
    tunnels = 0
    agent = ""
    changed = threading.Condition()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def process_request(self, request, client_address):
        with State.changed:
            State.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request, client_address):
        pass  # clients that go away are what some tests are about


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are written one after the other

    def log_message(self, *args):
        pass

    def send(self, status, body, kind="application/json", headers=()):
        data = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(data)

    def answer(self):
        if self.path.startswith("http://"):
            headers = {k.lower(): self.headers.get_all(k) for k in self.headers}
            self.send(200, json.dumps({"proxied": self.path, "auth": self.headers.get("Proxy-Authorization"), "headers": headers}))
            return
        parts = urlsplit(self.path)
        self.query = {k: v for k, v in parse_qs(parts.query, keep_blank_values=True, encoding="latin-1").items()}
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name, _, rest = parts.path.lstrip("/").partition("/")
        getattr(self, "at_" + name, self.at_nowhere)(rest)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer

    def one(self, key, otherwise=""):
        return self.query.get(key, [otherwise])[0]

    def at_nowhere(self, rest):
        self.send(404, '{"error": "no such page"}')

    def at_echo(self, rest):
        headers = {k.lower(): v for k, v in self.headers.items()}
        seen = {"method": self.command, "path": self.path, "query": self.query, "headers": headers, "body": self.body.decode("latin-1")}
        self.send(200, json.dumps(seen), headers=[("X-Twice", "a"), ("X-Twice", "b")])

    def at_status(self, rest):
        headers = [("Retry-After", self.one("retry_after"))] if "retry_after" in self.query else []
        self.send(int(rest), '{"said": "status %s"}' % rest, headers=headers)

    def at_redirect(self, rest):
        n = int(rest)
        self.send(302, "", headers=[("Location", f"/redirect/{n - 1}" if n > 1 else "/echo")])

    def at_go(self, rest):
        self.send(int(self.one("status", "302")), "", headers=[("Location", self.one("to"))])

    def at_half(self, rest):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"half": "of')
        self.close_connection = True

    def at_lengths(self, rest):
        self.send_response(200)
        for n in rest.split("/"):
            self.send_header("Content-Length", n)
        self.end_headers()
        self.wfile.write(b"123456789")
        self.close_connection = True

    def at_headers(self, rest):
        self.send(200, "{}", headers=[("X-Long", "x" * int(rest))])

    def at_drop(self, rest):
        self.close_connection = True

    def at_broken(self, rest):
        self.send(200, "{not json")

    def at_raw(self, rest):
        self.send(200, self.one("body").encode("latin-1"), self.one("type"))

    def at_bytes(self, rest):
        self.send(200, b"x" * int(self.one("n")), "application/octet-stream")

    def at_stream(self, rest):
        left, piece = int(self.one("n")), (b"\xff" if "fill" in self.query else b"0123456789abcde\n") * 4096
        self.send_response(200)
        self.send_header("Content-Type", self.one("type", "text/plain"))
        self.send_header("Content-Length", str(left))
        self.end_headers()
        while left > 0:
            self.wfile.write(piece[:left])
            left -= len(piece)

    def at_cookie(self, rest):
        self.send(200, "{}", headers=[("Set-Cookie", "a=b; Path=/")])

    def do_CONNECT(self):
        State.tunnels += 1
        State.agent = self.headers.get("User-Agent")
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as other:
            self.send_response(200)
            self.end_headers()
            ends = {self.connection: other, other: self.connection}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        self.close_connection = True
                        return
                    ends[end].sendall(data)

    def at_tunnels(self, rest):
        self.send(200, str(State.tunnels))

    def at_agent(self, rest):
        self.send(200, json.dumps({"agent": State.agent}))

    def at_gzip(self, rest):
        self.send(200, gzip.compress(b'{"packed": true}'), headers=[("Content-Encoding", "gzip")])

    def at_hold(self, rest):
        select.select([self.connection], [], [], 600)
        with State.changed:
            State.gone += 1
            State.changed.notify_all()
        self.close_connection = True

    def at_gone(self, rest):
        with State.changed:
            State.changed.wait_for(lambda: State.gone > 0, 120)
            self.send(200, str(State.gone))

    def at_connections(self, rest):
        self.send(200, str(State.connections))


def serve(tls):
    server = Server(("127.0.0.1", 0), Handler)
    if tls:
        with tempfile.TemporaryDirectory() as folder:
            key, cert = os.path.join(folder, "key"), os.path.join(folder, "cert")
            make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
            subprocess.run(make + ["-subj", "/CN=localhost", "-keyout", key, "-out", cert], check=True, capture_output=True)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert, key)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def main():
    plain = serve(False)
    try:
        tls = serve(True)
    except (OSError, subprocess.CalledProcessError):
        tls = 0
    print(plain, tls, flush=True)
    sys.stdin.read()


main()
