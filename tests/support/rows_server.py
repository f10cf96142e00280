#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An HTTP server with rows, page by page, and a place to send rows to; until standard input ends. Prints its port.

/numbered?p=N and /linked give {data: {items, next}}: 25 rows, 10 a page. /sink takes {rows: [...]}; /sunk tells what came. /full answers 503.
/kept/KEY keeps what is PUT there.
"""
import http.server
import json
import sys
import threading
import urllib.parse

ROWS = [{"id": i, "name": f"row {i}"} for i in range(25)]
KEPT = {}
SUNK = {"rows": 0, "requests": 0, "sum": 0}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_args):
        pass

    def answer(self, value, status=200):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        page = int(urllib.parse.parse_qs(url.query).get("p", ["0"])[0])
        items = ROWS[page * 10:page * 10 + 10]
        more = f"http://{self.headers['Host']}/linked?p={page + 1}" if page * 10 + 10 < len(ROWS) else None
        if url.path == "/sunk":
            self.answer(SUNK)
        elif url.path.startswith("/kept/"):
            self.answer(KEPT.get(url.path, {}), 200 if url.path in KEPT else 404)
        else:
            self.answer({"data": {"items": items, "next": more if url.path == "/linked" else None}})

    def do_PUT(self):
        value = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.startswith("/kept/"):
            KEPT[self.path] = value
            self.answer({})
        else:
            self.answer({}, 404)

    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["rows"]
        if self.path == "/full":
            self.answer({}, 503)
            return
        SUNK["requests"] += 1
        SUNK["rows"] += len(rows)
        SUNK["sum"] += sum(row["id"] for row in rows)
        self.answer({})


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    server.shutdown()


main()
