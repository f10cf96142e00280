#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An order service to try playbooks on: always the same orders, and misbehaviour on request.

    python3 examples/services/orders.py [--port N] [--host ADDRESS] [--orders N]

It prints `listening on http://127.0.0.1:PORT` as its first line (port 0, the default, takes a free one) and serves

    GET  /orders?page=N&size=K   {"orders": […], "page": N, "pages": M, "total": T, "next": N+1 or null}
    GET  /orders/ID              one order, or 404
    GET  /customers              {"customers": […]}
    POST /echo                   {"method", "headers", "body"} of what was sent
    GET  /stats                  what was asked so far: counts by path and by status
    GET  /health                 {"status": "ok"}

Every endpoint but /stats and /health misbehaves when the query (or a header X-Chaos with the same text) says so. What
says "tries" goes by a counter for each request line and `run`, so a retried request comes through, and another `run`
starts afresh:

    fail=N        the first N tries answer 503
    throttle=N    the first N tries answer 429, with Retry-After: SECONDS of retry_after (1)
    cut=N         the first N tries end in the middle of the body
    garbage=N     the first N tries answer 200 with a body that is not JSON
    slow=MS       each answer takes so long
    mood=rough    of /orders: every fourth page fails twice with 503, and every fifth is throttled once
    run=TEXT      whose counters these are
"""
import argparse
import json
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

CITIES = ["Oslo", "Lisbon", "Utrecht", "Graz", "Aarhus", "Turin", "Gdansk", "Cork"]
GOODS = [("anvil", 4250), ("bolt", 35), ("crank", 1290), ("drill", 8900), ("easel", 3375), ("funnel", 480), ("gasket", 115)]
CURRENCIES = ["EUR", "USD", "NOK"]
MOST_BODY = 16 << 20


def numbers(seed):
    """A small generator, so that the data do not depend on Python's own."""
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        yield state >> 33


def make_customers(count):
    draw = numbers(7)
    return [{"id": i, "name": f"Customer {i:02d}", "city": CITIES[next(draw) % len(CITIES)]} for i in range(1, count + 1)]


def make_orders(count, customers):
    draw = numbers(42)
    orders = []
    for i in range(1, count + 1):
        lines = []
        for _ in range(1 + next(draw) % 4):
            name, price = GOODS[next(draw) % len(GOODS)]
            lines.append({"item": name, "quantity": 1 + next(draw) % 5, "price_cents": price})
        orders.append({
            "id": i,
            "customer_id": 1 + next(draw) % len(customers),
            "currency": CURRENCIES[next(draw) % len(CURRENCIES)],
            "status": "cancelled" if next(draw) % 10 == 0 else "paid",
            "lines": lines,
        })
    return orders


class Memory:
    """What was asked: for the counters of misbehaviour and for /stats."""

    def __init__(self):
        self.lock = threading.Lock()
        self.tries = {}
        self.paths = {}
        self.statuses = {}

    def attempt(self, key):
        with self.lock:
            self.tries[key] = self.tries.get(key, 0) + 1
            return self.tries[key]

    def answered(self, path, status):
        with self.lock:
            self.paths[path] = self.paths.get(path, 0) + 1
            self.statuses[str(status)] = self.statuses.get(str(status), 0) + 1

    def shown(self):
        with self.lock:
            return {"requests": sum(self.paths.values()), "paths": dict(self.paths), "statuses": dict(self.statuses)}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "orders"
    disable_nagle_algorithm = True

    def log_message(self, format, *args):
        if self.server.verbose:
            super().log_message(format, *args)

    # ---- asking -----------------------------------------------------------------------------------------------------

    def read_query(self):
        url = urlsplit(self.path)
        self.where = url.path.rstrip("/") or "/"
        self.query = {k: v[-1] for k, v in parse_qs(url.query, keep_blank_values=True).items()}
        self.query.update({k: v[-1] for k, v in parse_qs(self.headers.get("X-Chaos", "")).items()})

    def number(self, name, otherwise, most=1 << 31):
        try:
            return max(0, min(int(self.query.get(name, otherwise)), most))
        except ValueError:
            return otherwise

    # ---- answering ----------------------------------------------------------------------------------------------------

    def send(self, status, value, headers=(), raw=None, cut=False):
        body = raw if raw is not None else json.dumps(value, separators=(",", ":")).encode()
        self.server.memory.answered(self.where, status)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, text in headers:
            self.send_header(name, text)
        if cut:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.wfile.flush()
            self.close_connection = True

    def rough(self):
        """503s and 429s that a page of /orders has of itself."""
        if self.query.get("mood") != "rough" or self.where != "/orders":
            return 0, 0
        page = self.number("page", 1)
        return (2 if page % 4 == 0 else 0), (1 if page % 5 == 0 else 0)

    def misbehaved(self):
        """Answer wrongly if that was asked for. True when it has been done."""
        time.sleep(self.number("slow", 0, 60_000) / 1000)
        wishes = [self.number(name, 0) for name in ("fail", "throttle", "cut", "garbage")]
        fail, throttle = self.rough()
        wishes[0] += fail
        wishes[1] += throttle
        if not any(wishes):
            return False
        key = (self.query.get("run", ""), self.command, self.where, self.query.get("page", ""), self.query.get("id", ""))
        attempt = self.server.memory.attempt(key)
        fail, throttle, cut, garbage = wishes
        if attempt <= fail:
            self.send(503, {"error": "the service is busy", "try": attempt})
        elif attempt <= fail + throttle:
            seconds = self.query.get("retry_after", "1")
            self.send(429, {"error": "too many requests", "try": attempt}, [("Retry-After", seconds)])
        elif attempt <= fail + throttle + cut:
            self.send(200, {"orders": list(range(200))}, cut=True)
        elif attempt <= fail + throttle + cut + garbage:
            self.send(200, None, raw=b"<html>this is not JSON</html>")
        else:
            return False
        return True

    # ---- the endpoints -------------------------------------------------------------------------------------------------

    def orders_page(self):
        orders = self.server.orders
        size = max(1, self.number("size", 10, 1000))
        page = max(1, self.number("page", 1))
        pages = (len(orders) + size - 1) // size
        found = orders[(page - 1) * size : page * size]
        self.send(200, {"orders": found, "page": page, "pages": pages, "total": len(orders),
                        "next": page + 1 if page < pages else None})

    def one_order(self, text):
        found = [o for o in self.server.orders if str(o["id"]) == text]
        if found:
            self.send(200, found[0])
        else:
            self.send(404, {"error": f"there is no order {text}"})

    def get(self):
        if self.where == "/health":
            self.send(200, {"status": "ok"})
        elif self.where == "/stats":
            self.send(200, self.server.memory.shown())
        elif self.misbehaved():
            return
        elif self.where == "/orders":
            self.orders_page()
        elif self.where.startswith("/orders/"):
            self.one_order(self.where[len("/orders/"):])
        elif self.where == "/customers":
            self.send(200, {"customers": self.server.customers})
        else:
            self.send(404, {"error": f"there is no {self.where}"})

    def do_GET(self):
        self.read_query()
        self.get()

    def do_HEAD(self):
        self.read_query()
        self.get()

    def do_POST(self):
        self.read_query()
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MOST_BODY:
            self.close_connection = True
            self.send(413, {"error": f"a body of at most {MOST_BODY} bytes, with its length, please"})
            return
        body = self.rfile.read(int(length)).decode("utf-8", "replace")
        if self.where != "/echo":
            self.send(404, {"error": f"there is no {self.where} to post to"})
        elif not self.misbehaved():
            try:
                body = json.loads(body)
            except ValueError:
                pass
            self.send(200, {"method": "POST", "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body})


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256  # a parallel loop connects all at once


def main():
    parser = argparse.ArgumentParser(description="An order service to try playbooks on.")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--orders", type=int, default=120, help="how many orders there are")
    parser.add_argument("--verbose", action="store_true", help="log each request to stderr")
    options = parser.parse_args()
    server = Server((options.host, options.port), Handler)
    server.verbose = options.verbose
    server.memory = Memory()
    server.customers = make_customers(12)
    server.orders = make_orders(options.orders, server.customers)
    print(f"listening on http://{options.host}:{server.server_address[1]}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.serve_forever()
    except (KeyboardInterrupt, SystemExit):
        pass
    finally:
        server.server_close()


if __name__ == "__main__":
    main()
