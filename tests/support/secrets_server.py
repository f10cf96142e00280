# SPDX-License-Identifier: Apache-2.0
"""
A stand-in for three services that keep secrets: Vault (KV 2), Google Secret Manager and AWS Secrets Manager. It knows their HTTP interfaces only as
far as the provider uses them, and checks what they would check: Vault's token, Google's bearer token, and AWS's signature, computed anew here from
the request. It is not those services: what they would say beyond that is not shown by a test against it.

Prints its port, serves until its standard input ends. Secrets: Vault secret/app {user, password}, Google projects/p1/secrets/s1 (latest and 3),
AWS prod/db (a JSON object) and prod/plain.
"""
import base64
import hashlib
import hmac
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

VAULT_TOKEN, GOOGLE_TOKEN = "vault-token-12345", "google-token-12345"
AWS_ID, AWS_KEY, AWS_SESSION = "AKIDEXAMPLE", "aws-secret-key-12345", "aws-session-12345"
VAULT = {"app": [{"user": "v-user", "password": "vault-old"}, {"user": "v-user", "password": "vault-value-1"}]}
GOOGLE = {"latest": "google-value-1", "3": json.dumps({"token": "google-value-3"})}
AWS = {"prod/db": json.dumps({"password": "aws-value-1"}), "prod/plain": "aws-value-2"}


def signature(headers, host, body):
    """What the client should have signed: AWS's documentation of Signature Version 4."""
    scheme, rest = headers["Authorization"].split(" ", 1)
    fields = dict(part.strip().split("=", 1) for part in rest.split(","))
    who, day, region, service, _ = fields["Credential"].split("/")
    names = fields["SignedHeaders"].split(";")
    lines = [f"{n}:{host if n == 'host' else headers[n].strip()}\n" for n in names]
    canonical = "POST\n/\n\n" + "".join(lines) + "\n" + ";".join(names) + "\n" + hashlib.sha256(body).hexdigest()
    to_sign = "\n".join([scheme, headers["X-Amz-Date"], f"{day}/{region}/{service}/aws4_request",
                         hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + AWS_KEY).encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    good = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return who == AWS_ID and fields["Signature"] == good and "host" in names


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def send(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path.startswith("/v1/secret/data/"):
            self.vault(url)
        elif url.path.startswith("/v1/projects/p1/secrets/s1/versions/"):
            self.google(url.path.rsplit("/", 1)[1])
        else:
            self.send(404, {"errors": []})

    def vault(self, url):
        versions = VAULT.get(url.path.removeprefix("/v1/secret/data/"))
        if self.headers.get("X-Vault-Token") != VAULT_TOKEN:
            self.send(403, {"errors": ["permission denied"]})
        elif versions is None:
            self.send(404, {"errors": []})
        else:
            n = int(parse_qs(url.query).get("version", [len(versions)])[0])
            self.send(200, {"data": {"data": versions[n - 1], "metadata": {"version": n}}})

    def google(self, last):
        version, verb = last.split(":")
        if self.headers.get("Authorization") != f"Bearer {GOOGLE_TOKEN}":
            self.send(401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}})
        elif verb != "access" or version not in GOOGLE:
            self.send(404, {"error": {"code": 404, "status": "NOT_FOUND"}})
        else:
            self.send(200, {"name": "projects/1/secrets/s1/versions/3",
                            "payload": {"data": base64.b64encode(GOOGLE[version].encode()).decode()}})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        name = json.loads(body).get("SecretId")
        if self.headers.get("X-Amz-Target") != "secretsmanager.GetSecretValue":
            self.send(400, {"__type": "UnknownOperationException"})
        elif self.headers.get("X-Amz-Security-Token") not in (None, AWS_SESSION) or \
                not signature(self.headers, self.headers["Host"], body):
            self.send(403, {"__type": "InvalidSignatureException"})
        elif name not in AWS:
            self.send(400, {"__type": "ResourceNotFoundException"})
        else:
            self.send(200, {"Name": name, "SecretString": AWS[name]})


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
