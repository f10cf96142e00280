#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for Snowflake's SQL REST interface, for tests. It is not Snowflake and knows no SQL: it answers the few statements below as
the interface's documentation says that Snowflake answers. Who asks must be known: a JWT of TROUPE_USER at TEST-ACCOUNT, whose signature and claims
are checked with openssl; or the session of somebody who logged in with the password "opensesame"; or the OAuth token "opensesame".

Prints "PORT FOLDER" when it serves, until standard input ends. In FOLDER: key.pem, sealed.pem (the same under the passphrase "opensesame"),
other.pem (nobody's).

  select types          a row of each type          select binds …     what was bound, as rows {type, value}
  select parts N        N partitions of 2 rows      select slow N      over after N looks
  select for ever       over when it is cancelled   insert …           3 rows are inserted
  select place          where it runs               fail CODE STATE    that error
  and what the kind transfer says: CREATE [TRANSIENT] TABLE, INSERT … FLATTEN(PARSE_JSON(?)), INSERT … SELECT, DELETE, MERGE, DROP TABLE,
  SELECT * FROM, each in the words that it uses; a statement with "no-such" in it fails. Tables hold the texts that were sent.
  select broken         an answer that is cut off   expire             forgets who logged in, then answers
GET /said: {tables (100 rows each), statements, cancelled, logins, how many were held, sent again and performed, tokens: how many
different ones}. With ?hold=WORDS the next statement that begins with
them is taken, and neither answered nor performed until ?release (a request that repeats its id is answered).
"""
import base64
import copy
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

FOLDER = tempfile.mkdtemp(prefix="troupe-snowflake-")
LOCK = threading.Lock()
RUNS = {}  # handle -> {statement, looks, cancelled, requests}
SAID = {"statements": [], "cancelled": [], "held": 0, "again": 0, "performed": 0, "logins": 0, "tokens": 0}
HOLD = {"words": None, "released": threading.Event()}
TOKENS = set()
GOOD = set()  # JWTs that were checked
SESSIONS = set()
REQUESTS = {}  # requestId -> handle
TABLES = {}  # name -> {columns: [[name, type]], rows}

TYPES = [  # name, type, scale, as the interface writes it
    ("I", "fixed", 0, "-9223372036854775808"), ("BIG", "fixed", 0, "123456789012345678901234567890"), ("DEC", "fixed", 2, "12.50"),
    ("PRECISE", "fixed", 10, "12345678901234567890.1234567890"), ("R", "real", None, "1.5"), ("NAN", "real", None, "NaN"),
    ("T", "text", None, "žluťoučký 🐎"), ("YES", "boolean", None, "true"), ("NO", "boolean", None, "false"),
    ("D", "date", None, "20455"), ("OLD", "date", None, "-1"), ("TI", "time", None, "3723.250000000"),
    ("NTZ", "timestamp_ntz", 9, "1767323045.250000000"), ("LTZ", "timestamp_ltz", 9, "1767323045.000000000"),
    ("TZ", "timestamp_tz", 9, "1767323045.000000000 1560"), ("BEFORE", "timestamp_ntz", 9, "-0.500000000"),
    ("V", "variant", None, '{"a": [1, null, "x"]}'), ("L", "array", None, "[1,2]"), ("B", "binary", None, "00FF"),
    ("NOTHING", "text", None, None), ("ODD", "geography", None, "POINT(1 2)"),
]


def run(*args):
    return subprocess.run(["openssl", *args], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def keys():
    for name in ("key", "other"):
        run("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", f"{FOLDER}/{name}.pem")
    run("pkcs8", "-topk8", "-in", f"{FOLDER}/key.pem", "-out", f"{FOLDER}/sealed.pem", "-passout", "pass:opensesame")
    run("pkey", "-in", f"{FOLDER}/key.pem", "-pubout", "-out", f"{FOLDER}/public.pem")
    der = run("pkey", "-in", f"{FOLDER}/key.pem", "-pubout", "-outform", "DER")
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


FINGERPRINT = keys()


def unpack(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def jwt_fault(token):
    """None when the token is good."""
    parts = token.split(".")
    if len(parts) != 3 or "=" in token:
        return "it has not three parts in base64url"
    head, claims = json.loads(unpack(parts[0])), json.loads(unpack(parts[1]))
    if head != {"alg": "RS256", "typ": "JWT"}:
        return f"its header is {head}"
    with LOCK:
        path = f"{FOLDER}/signature"
        with open(path, "wb") as f:
            f.write(unpack(parts[2]))
        done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", f"{FOLDER}/public.pem", "-signature", path],
                              input=".".join(parts[:2]).encode(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        return "its signature is wrong"
    if claims.get("sub") != "TEST-ACCOUNT.TROUPE_USER" or claims.get("iss") != f"TEST-ACCOUNT.TROUPE_USER.SHA256:{FINGERPRINT}":
        return f"it is of {claims.get('sub')}, issued by {claims.get('iss')}"
    now = time.time()
    if not claims["iat"] - 60 <= now < claims["exp"] <= claims["iat"] + 3600:
        return "its time is wrong"
    return None


NAME = '"[^"]+"(?:[.]"[^"]+")*'


def table_words(text, request):
    """What the statement does to the tables; None when it is none of the kind transfer's."""
    made = re.match(rf"CREATE (?:TRANSIENT )?TABLE (IF NOT EXISTS )?({NAME}) \((.*)\)$", text, re.S)
    if made:
        columns = re.findall(r'("[^"]+"|[NR]) ([A-Z_]+(?:\([0-9, ]+\))?)', made[3].split(", PRIMARY KEY")[0])
        if made[2] not in TABLES or not made[1]:
            TABLES[made[2]] = {"columns": [[n.strip('"'), t] for n, t in columns], "rows": []}
        return [], []
    taken = re.match(rf"INSERT INTO ({NAME}) \(N, R\) SELECT .*PARSE_JSON", text)
    if taken:
        for row in json.loads(request["bindings"]["1"]["value"]):
            TABLES[taken[1]]["rows"].append([row[0], row])
        return [], []
    put = re.match(rf"INSERT INTO ({NAME}) \((.*?)\) SELECT (.*) FROM ({NAME}) ORDER BY N$", text, re.S)
    if put:
        TABLES[put[1]]["rows"] += [r[1][1:] for r in sorted(TABLES[put[4]]["rows"], key=lambda r: r[0])]
        return [], []
    merge = re.match(rf"MERGE INTO ({NAME}) AS T .* FROM ({NAME})\) QUALIFY .*PARTITION BY (.*) ORDER BY \"troupe_n\" DESC", text, re.S)
    if merge:
        to = TABLES[merge[1]]
        names = [n for n, _ in to["columns"]]
        at = [names.index(k.strip('" ')) for k in merge[3].split(",")]
        rows = {tuple(r[i] for i in at): r for r in to["rows"]}
        for r in sorted(TABLES[merge[2]]["rows"], key=lambda r: r[0]):
            rows[tuple(r[1][1:][i] for i in at)] = r[1][1:]
        to["rows"] = list(rows.values())
        return [], []
    gone = re.match(rf"(DELETE FROM|DROP TABLE IF EXISTS) ({NAME})$", text)
    if gone:
        if gone[1] == "DELETE FROM":
            TABLES[gone[2]]["rows"] = []
        else:
            TABLES.pop(gone[2], None)
        return [], []
    read = re.match(rf"SELECT \* FROM ({NAME})$", text)
    if read:
        types = {"NUMBER": "fixed", "FLOAT": "real", "VARCHAR": "text"}
        columns = []
        for name, kind in TABLES[read[1]]["columns"]:
            sizes = re.findall("[0-9]+", kind)
            word = kind.split("(")[0]
            columns.append({"name": name, "type": types.get(word, word.lower()), "precision": int(sizes[0]) if sizes else None,
                            "scale": int(sizes[1]) if sizes else None})
        return columns, TABLES[read[1]]["rows"]
    return None


def perform(found):
    """Once; several are one session, so that a transaction that is not committed has changed nothing."""
    before = None
    with LOCK:
        for one in [RUNS[c] for c in found.get("children", [])] or [found]:
            one["done"] = True
            text = one["statement"].strip()
            if text == "BEGIN":
                before = copy.deepcopy(TABLES)
            try:
                if found["cancelled"] or "no-such" in text or text.startswith("fail "):
                    raise KeyError(text)
                one["words"] = table_words(text, one["request"])
            except KeyError:
                one["lost"] = True
                break
            if text == "COMMIT":
                before = None
        if before is not None:
            TABLES.clear()
            TABLES.update(before)
        found["done"] = True
        SAID["performed"] += 1


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits for the acknowledgement of its head

    def log_message(self, *args):
        pass

    def send(self, status, value, short=0):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        try:
            self.wfile.write(data[:len(data) - short])
        except ConnectionError:  # who asked was ended meanwhile
            short = 1
        if short:
            self.close_connection = True

    def body(self):
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return json.loads(data) if data else {}

    def refuse(self):
        """True, with an answer, when nobody known asks."""
        auth, kind = self.headers.get("Authorization", ""), self.headers.get("X-Snowflake-Authorization-Token-Type")
        with LOCK:
            TOKENS.add(auth)
            SAID["tokens"] = len(TOKENS)
        if kind == "KEYPAIR_JWT":
            why = None if auth in GOOD else jwt_fault(auth.removeprefix("Bearer "))
            if why is None:
                GOOD.add(auth)
        elif kind == "OAUTH":
            why = None if auth == "Bearer opensesame" else "no such OAuth token"
        else:
            known = re.fullmatch('Snowflake Token="(.*)"', auth)
            why = None if known and known[1] in SESSIONS else "no such session"
        if why:
            self.send(401, {"code": "390144", "message": f"JWT token is invalid: {why}"})
        return why is not None

    def result(self, handle, partition=0):
        found = RUNS[handle]
        text = found["statement"].strip().rstrip(";").strip()
        reply = {"code": "090001", "sqlState": "00000", "message": "Statement executed successfully.", "statementHandle": handle}
        columns, rows, parts = [], [], 1
        fail = re.match(r"fail (\d+) (\w+)", text)
        if fail:
            return 422, {"code": fail[1], "sqlState": fail[2], "message": "SQL compilation error: as was asked", "statementHandle": handle}
        if found["cancelled"]:
            return 422, {"code": "000604", "sqlState": "57014", "message": "SQL execution canceled", "statementHandle": handle}
        if found.get("children"):
            for child in found["children"]:  # one that fails ends it
                status, said = self.result(child)
                if status != 200:
                    return status, said
            return 200, dict(reply, statementHandles=found["children"])
        if found.get("lost"):
            return 422, {"code": "002003", "sqlState": "42S02", "message": "Object 'NO-SUCH' does not exist", "statementHandle": handle}
        words = found.get("words")
        if words is not None:
            columns, rows = words
        elif text == "select types":
            columns = [{"name": n, "type": t, "scale": s, "nullable": True} for n, t, s, _ in TYPES]
            rows = [[v for _, _, _, v in TYPES]]
        elif text.startswith("select binds"):
            columns = [{"name": "TEXT", "type": "text"}, {"name": "TYPE", "type": "text"}, {"name": "VALUE", "type": "text"}]
            binds = found["request"].get("bindings", {})
            rows = [[text, binds[k]["type"], binds[k]["value"]] for k in sorted(binds, key=int)]
        elif text.startswith("select parts"):
            parts = int(text.split()[-1])
            columns = [{"name": "N", "type": "fixed", "scale": 0}]
            rows = [[str(2 * partition)], [str(2 * partition + 1)]]
        elif text == "select place":
            columns = [{"name": n, "type": "text"} for n in ("DATABASE", "SCHEMA", "WAREHOUSE", "ROLE", "TIMEOUT")]
            rows = [[found["request"].get(n) if n != "timeout" else str(n in found["request"]).lower()
                     for n in ("database", "schema", "warehouse", "role", "timeout")]]
        elif text.startswith("insert"):
            columns = [{"name": "number of rows inserted", "type": "fixed", "scale": 0}]
            rows = [["3"]]
            reply["stats"] = {"numRowsInserted": "3", "numRowsUpdated": "0", "numRowsDeleted": "0"}
        else:
            columns = [{"name": "status", "type": "text"}]
            rows = [["Statement executed successfully."]]
        if partition:
            return 200, {"data": rows}
        meta = {"numRows": len(rows) * parts, "format": "jsonv2", "rowType": columns, "partitionInfo": [{"rowCount": len(rows)}] * parts}
        return 200, dict(reply, resultSetMetaData=meta, data=rows)

    def running(self, found):
        text = found["statement"].strip()
        slow = re.match(r"select slow (\d+)", text)
        found["looks"] += 1
        if not found.get("done"):
            return True
        return not found["cancelled"] and (text.startswith("select for ever") or (slow and found["looks"] <= int(slow[1])))

    def do_POST(self):
        url, body = urlsplit(self.path), self.body()
        if url.path == "/session/v1/login-request":
            data = body["data"]
            good = (data["ACCOUNT_NAME"], data["LOGIN_NAME"], data["PASSWORD"]) == ("TEST-ACCOUNT", "TROUPE_USER", "opensesame")
            token = uuid.uuid4().hex
            if good:
                SESSIONS.add(token)
                SAID["logins"] += 1
            self.send(200, {"success": good, "message": None if good else "Incorrect username or password was specified.",
                            "data": {"token": token, "validityInSeconds": 3600} if good else None})
        elif self.refuse():
            pass
        elif url.path.endswith("/cancel"):
            handle = url.path.split("/")[-2]
            RUNS[handle]["cancelled"] = True
            with LOCK:
                SAID["cancelled"].append(RUNS[handle]["statement"])
            self.send(200, {"code": "000604", "message": "successfully canceled"})
        else:
            self.hand_in(body, parse_qs(url.query))

    def hand_in(self, body, query):
        asked = query["requestId"][0]
        with LOCK:
            handle = REQUESTS.setdefault(asked, str(uuid.uuid4()))
            again = handle in RUNS
            SAID["again"] += again
            if not again:
                SAID["statements"].append(body["statement"])
                RUNS[handle] = {"statement": body["statement"], "request": body, "looks": 0, "cancelled": False}
        if again and query.get("retry") != ["true"]:
            self.send(400, {"code": "0", "message": "a request id was used twice"})
            return
        count = int(body.get("parameters", {}).get("MULTI_STATEMENT_COUNT", "1"))
        statements = [s for s in body["statement"].split(";") if s.strip()]
        if count != len(statements):
            self.send(422, {"code": "000008", "sqlState": "0A000", "message": f"Actual statement count {len(statements)} did not match "
                            f"the desired statement count {count}."})
            return
        if count > 1 and not again:
            RUNS[handle]["children"] = []
            for s in statements:
                child = str(uuid.uuid4())
                RUNS[child] = {"statement": s, "request": body, "looks": 0, "cancelled": False}
                RUNS[handle]["children"].append(child)
        if body["statement"].strip() == "expire":
            SESSIONS.clear()
        lost = body["statement"].strip() == "select broken" and not again
        if not again:
            self.hold(body["statement"])
            perform(RUNS[handle])
        status = f"/api/v2/statements/{handle}"
        self.send(202, {"code": "333334", "message": "Asynchronous execution in progress.", "statementHandle": handle,
                        "statementStatusUrl": status}, short=20 if lost else 0)

    def hold(self, statement):
        with LOCK:
            held = HOLD["words"] is not None and statement.startswith(HOLD["words"])
            if held:
                HOLD["words"] = None
                SAID["held"] += 1
        if held:
            HOLD["released"].wait()

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/said":
            if url.query == "release":
                HOLD["released"].set()
            elif url.query:
                HOLD.update(words=unquote(url.query.removeprefix("hold=")), released=threading.Event())
            with LOCK:
                self.send(200, dict(SAID, tables={name: dict(t, rows=t["rows"][:100]) for name, t in TABLES.items()}))
        elif not self.refuse():
            handle = url.path.split("/")[-1]
            if handle not in RUNS:
                self.send(404, {"code": "000404", "message": "no such statement"})
            elif self.running(RUNS[handle]):
                self.send(202, {"code": "333334", "message": "in progress", "statementHandle": handle})
            else:
                self.send(*self.result(handle, int(parse_qs(url.query).get("partition", ["0"])[0])))


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        print(server.server_address[1], FOLDER, flush=True)
        sys.stdin.read()
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)


main()
