# SPDX-License-Identifier: Apache-2.0
"""
The program inside a child interpreter of the tool kind python: takes tasks as frames on descriptor 3, answers on 4.

A frame is four bytes of length (big-endian), one byte 'p' (plain JSON) or 't' (JSON with tags), and the JSON. Tags carry what JSON has not:
{"$troupe": ["bytes", base64]}, ["float", "nan" | "inf" | "-inf"], ["map", [[key, value], ...]] (keys that are no text).

Task:   code, filename, inputs, args, context, execution_id, libs, output_limit, result_limit, memory
Answer: ok, result, error {kind, message, class, traceback, line} | null, stdout, stderr, stdout_cut, stderr_cut (characters not kept). A capital
'P' or 'T' says that the next task should have a fresh interpreter.
"""
import _ast
import _thread
import builtins
import datetime
import io
import json
import os
import select
import sys
import uuid

IN, OUT = 3, 4
TAG = "$troupe"
MAX_DEPTH = 200
MAX_TRACEBACK = 16384
INT_MIN, INT_MAX = -(1 << 63), (1 << 63) - 1
FELL_OFF = object()


# ---- values ---------------------------------------------------------------------------------------------------------------


class NoForm(Exception):
    """A result that has no form outside Python."""


def text(s):
    try:
        s.encode()
        return s
    except UnicodeEncodeError:
        return s.encode("utf-8", "replace").decode()


class Plainer:
    """Makes a value of what JSON with tags can say."""

    def __init__(self):
        self.tagged = False

    def tag(self, kind, content):
        self.tagged = True
        return {TAG: [kind, content]}

    def plain(self, v, path, depth=0):
        if v is None or v is True or v is False:
            return v
        t = type(v)
        if t is str:
            return v if v.isascii() else text(v)
        if t is int:
            return v if INT_MIN <= v <= INT_MAX else str(v)
        if t is float:
            return v if v - v == 0 else self.tag("float", repr(v))
        if depth > MAX_DEPTH:
            raise NoForm(f"{path[:80]}... is nested over {MAX_DEPTH} deep, or holds itself")
        if t is dict:
            return self.mapping(v, path, depth)
        if t is list or t is tuple:
            return [self.plain(x, f"{path}[{i}]", depth + 1) for i, x in enumerate(v)]
        return self.other(v, path, depth)

    def mapping(self, v, path, depth):
        if all(type(k) is str for k in v) and TAG not in v:
            return {text(k): self.plain(x, f"{path}.{k}", depth + 1) for k, x in v.items()}
        pairs = [[self.key(k, path), self.plain(x, f"{path}[{k!r}]", depth + 1)] for k, x in v.items()]
        return self.tag("map", pairs)

    def key(self, k, path):
        if isinstance(k, (str, int, float, bool, type(None))):
            return self.plain(k, path)
        return text(str(k))

    def other(self, v, path, depth):
        import base64

        down = depth + 1
        if isinstance(v, (bytes, bytearray, memoryview)):
            return self.tag("bytes", base64.b64encode(bytes(v)).decode())
        if isinstance(v, (datetime.datetime, datetime.date, datetime.time)):
            return v.isoformat()
        if isinstance(v, datetime.timedelta):
            return v.total_seconds()
        if isinstance(v, (set, frozenset)):
            try:
                return self.plain(sorted(v), path, down)
            except TypeError:
                return self.plain(list(v), path, down)
        if isinstance(v, dict):
            return self.mapping(v, path, depth)
        if isinstance(v, BaseException):
            return text(f"{type(v).__name__}: {v}")
        for kind in (str, int, float):  # of a class of its own; enums of them too
            if isinstance(v, kind):
                return self.plain(kind.__str__(v) if kind is str else kind(v), path, down)
        return self.by_shape(v, path, down)

    def by_shape(self, v, path, down):
        name = type(v).__name__
        if name in ("Decimal", "UUID", "Fraction") or hasattr(v, "__fspath__"):
            return text(str(v))
        if hasattr(type(v), "__dataclass_fields__"):
            return self.plain({f: getattr(v, f) for f in type(v).__dataclass_fields__}, path, down)
        if hasattr(v, "_value_") and hasattr(v, "_name_"):
            return self.plain(v._value_, path, down)
        if hasattr(v, "to_dict") and hasattr(v, "columns"):
            return self.plain(v.to_dict(orient="records"), path, down)
        for method in ("tolist", "item", "model_dump", "isoformat"):
            if callable(getattr(v, method, None)):
                return self.plain(getattr(v, method)(), path, down)
        if isinstance(v, (range, type({}.keys()), type({}.values()), type({}.items()))):
            return self.plain(list(v), path, down)
        if hasattr(v, "__len__") and hasattr(v, "__iter__"):
            return self.plain(list(v), path, down)
        raise NoForm(f"{path[:200]} is of class {name}, which has no form outside Python; return text, numbers, lists or dicts")


def untag(d):
    """The object hook of tagged frames."""
    if len(d) != 1 or TAG not in d:
        return d
    kind, content = d[TAG]
    if kind == "bytes":
        import base64

        return base64.b64decode(content)
    if kind == "float":
        return float(content)
    return {k: v for k, v in content}


# ---- frames ---------------------------------------------------------------------------------------------------------------


def read_exactly(n):
    parts = []
    while n > 0:
        part = os.read(IN, min(n, 1 << 20))
        if not part:
            os._exit(0)  # the node is gone, or wants no more
        parts.append(part)
        n -= len(part)
    return b"".join(parts)


def read_frame():
    frame = read_exactly(int.from_bytes(read_exactly(4), "big"))
    hook = untag if frame[:1] == b"t" else None
    return json.loads(frame[1:], object_hook=hook)


def write_frame(frame):
    data = memoryview(len(frame).to_bytes(4, "big") + frame)
    while data:
        data = data[os.write(OUT, data) :]


def encode(reply, result, limit):
    """A whole frame but for its length. The first byte is a capital when the interpreter should be replaced."""
    p = Plainer()
    reply["result"] = p.plain(result, "the result")
    body = json.dumps(reply, ensure_ascii=False, separators=(",", ":")).encode()
    if len(body) > limit:
        raise NoForm(f"the result takes {len(body)} bytes; at most {limit} are allowed")
    kind = b"t" if p.tagged else b"p"
    return (kind.upper() if worn(reply.get("error")) else kind) + body


# ---- output ---------------------------------------------------------------------------------------------------------------


class Bytes(io.RawIOBase):
    def __init__(self, capture):
        self.capture = capture

    def writable(self):
        return True

    def write(self, b):
        self.capture.write(bytes(b).decode("utf-8", "replace"))
        return len(b)


class Capture(io.TextIOBase):
    """What a task prints: the first `limit` characters are kept. One object for all tasks, so that loggers set up once go on."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, fd):
        self.fd = fd
        self.buffer = Bytes(self)
        self.reset(0)

    def reset(self, limit):
        self.parts, self.room, self.cut = [], limit, 0

    def writable(self):
        return True

    def write(self, s):
        if not isinstance(s, str):
            raise TypeError(f"write() argument must be str, not {type(s).__name__}")
        kept = s[: self.room]
        if kept:
            self.parts.append(kept)
            self.room -= len(kept)
        self.cut += len(s) - len(kept)
        return len(s)

    def fileno(self):
        return self.fd

    def text(self):
        return text("".join(self.parts))


class LazySite:
    """Users' packages: the site module is set up when a module is first not found, so that tasks without them start fast."""

    def __init__(self):
        self.done = False

    def find_spec(self, name, path=None, target=None):
        if self.done or path is not None:
            return None
        self.done = True
        import importlib.machinery
        import site

        site.main()
        PATHS[:] = sys.path
        return importlib.machinery.PathFinder.find_spec(name, None)


# ---- code -----------------------------------------------------------------------------------------------------------------

SCOPES = (_ast.FunctionDef, _ast.AsyncFunctionDef, _ast.ClassDef, _ast.Lambda)
ASYNC = (_ast.Await, _ast.AsyncFor, _ast.AsyncWith)


def look(tree):
    """Does a return, does an await stand at the top level?"""
    returns = awaits = False
    stack = list(tree.body)
    while stack:
        node = stack.pop()
        if isinstance(node, SCOPES):
            continue
        if isinstance(node, (_ast.Yield, _ast.YieldFrom)):
            raise SyntaxError("'yield' outside function", (tree.filename, node.lineno, node.col_offset + 1, None))
        returns = returns or isinstance(node, _ast.Return)
        awaits = awaits or isinstance(node, ASYNC) or bool(getattr(node, "is_async", 0))
        for field in node._fields:
            child = getattr(node, field, None)
            if isinstance(child, _ast.AST):
                stack.append(child)
            elif isinstance(child, list):
                stack.extend(c for c in child if isinstance(c, _ast.AST))
    return returns, awaits


def at(node, line=1):
    node.lineno = node.end_lineno = line
    node.col_offset = node.end_col_offset = 0
    return node


def globalize(body):
    """Annotations and global statements of the top level as they may stand in a function whose names are global."""
    for i, node in enumerate(body):
        if isinstance(node, SCOPES):
            continue
        if isinstance(node, _ast.AnnAssign) and node.value is not None:
            body[i] = at(_ast.Assign(targets=[node.target], value=node.value, type_comment=None), node.lineno)
        elif isinstance(node, (_ast.AnnAssign, _ast.Global)):
            body[i] = at(_ast.Pass(), node.lineno)
        else:
            for field in ("body", "orelse", "finalbody"):
                globalize(getattr(node, field, None) or [])
            for part in (getattr(node, "handlers", None) or []) + (getattr(node, "cases", None) or []):
                globalize(part.body)


def function(body, is_async):
    cls = _ast.AsyncFunctionDef if is_async else _ast.FunctionDef
    none = _ast.arguments(posonlyargs=[], args=[], vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=[])
    node = at(cls(name="__task__", args=none, body=body, decorator_list=[], returns=None, type_comment=None))
    if "type_params" in cls._fields:
        node.type_params = []
    return node


def wrap(tree, filename, is_async):
    """The code as the body of a function without names of its own, so that return and await may stand at the top level."""
    globalize(tree.body)
    fell = at(_ast.Return(value=at(_ast.Name(id="__fell_off__", ctx=_ast.Load()))))
    node = function(tree.body + [fell], is_async)
    module = _ast.Module(body=[node], type_ignores=[])
    code = compile(module, filename, "exec", dont_inherit=True)
    inner = next(c for c in code.co_consts if hasattr(c, "co_varnames") and c.co_name == "__task__")
    names = sorted(set(inner.co_varnames) | set(inner.co_cellvars))
    if names:
        node.body.insert(0, at(_ast.Global(names=names)))
        code = compile(module, filename, "exec", dont_inherit=True)
    return code


def run_async(awaitable):
    import asyncio

    async def waiter():
        return await awaitable

    return asyncio.run(waiter())


def settle(v):
    return run_async(v) if hasattr(v, "__await__") else v


def parameters(fn):
    """(names, how many go by place only, those with a default, takes **kwargs), without the signature machinery where it can be done without."""
    code = getattr(fn, "__code__", None)
    if code is None or hasattr(fn, "__self__") or hasattr(fn, "__wrapped__"):
        import inspect

        names, defaults, rest = [], set(), False
        for p in inspect.signature(fn).parameters.values():
            if p.kind is p.VAR_KEYWORD:
                rest = True
            elif p.kind is not p.VAR_POSITIONAL:
                names.append(p.name)
                if p.default is not p.empty:
                    defaults.add(p.name)
        return names, 0, defaults, rest
    n = code.co_argcount
    names = list(code.co_varnames[: n + code.co_kwonlyargcount])
    defaults = set(names[n - len(fn.__defaults__ or ()) : n]) | set(fn.__kwdefaults__ or ())
    return names, code.co_posonlyargcount, defaults, bool(code.co_flags & 8)


def call_main(fn, task, inputs):
    known = dict(task["context"].get("scope") or {})
    known.update(context=task["context"], execution_id=task["execution_id"], input_data=inputs, args=task["args"])
    known.update(inputs)
    names, only_by_place, defaults, rest = parameters(fn)
    missing = [n for n in names if n not in known and n not in defaults]
    if len(missing) == 1 and len(names) == 1:
        known[missing[0]], missing = inputs, []
    if missing:
        raise TypeError(f"main() needs {', '.join(missing)}, and no input has this name")
    places = [known[n] for n in names[:only_by_place] if n in known]
    words = {n: known[n] for n in names[only_by_place:] if n in known}
    if rest:
        words.update((k, v) for k, v in inputs.items() if k not in names)
    return settle(fn(*places, **words))


def import_libs(libs):
    out = {}
    pairs = libs.items() if isinstance(libs, dict) else [(None, entry) for entry in libs or []]
    for alias, module in pairs:
        module, _, other = str(module).partition(" as ")
        __import__(module.strip())
        name = other.strip() or alias or module.strip().partition(".")[0]
        out[name] = sys.modules[module.strip() if other or alias else name]
    return out


COMPILED = {}  # (filename, code) -> (code object, is it wrapped?); a loop sends the same code again and again
MAX_COMPILED = 64


def compiled(filename, code):
    known = COMPILED.pop((filename, code), None)
    if known is None:
        tree = compile(code, filename, "exec", _ast.PyCF_ONLY_AST, dont_inherit=True)
        tree.filename = filename
        returns, awaits = look(tree)
        if returns or awaits:
            known = wrap(tree, filename, awaits), True
        else:
            known = compile(tree, filename, "exec", dont_inherit=True), False
        if len(COMPILED) >= MAX_COMPILED:
            del COMPILED[next(iter(COMPILED))]  # the one that was not used for longest
    COMPILED[filename, code] = known
    return known


def perform(task):
    inputs = task["inputs"]
    code, wrapped = compiled(task["filename"], task["code"])
    ns = {"__name__": "__main__", "__builtins__": builtins, "json": json, "os": os, "datetime": datetime, "uuid": uuid}
    ns.update(input_data=inputs, args=task["args"], context=task["context"], execution_id=task["execution_id"])
    ns.update(import_libs(task["libs"]))
    ns.update(inputs)
    before = ns.get("result", FELL_OFF)
    value = FELL_OFF
    try:
        if wrapped:
            ns["__fell_off__"] = FELL_OFF
            exec(code, ns)
            value = settle(ns["__task__"]())
        else:
            exec(code, ns)
    except SystemExit as e:
        if e.code not in (None, 0):
            raise
    if value is not FELL_OFF:
        return value
    if ns.get("result", FELL_OFF) is not before:
        return ns["result"]
    main = ns.get("main")
    return call_main(main, task, inputs) if callable(main) else None


# ---- errors ---------------------------------------------------------------------------------------------------------------


def error_of(e, task):
    import linecache
    import traceback

    filename = task["filename"]
    lines = task["code"].splitlines(True)
    linecache.cache[filename] = (len(task["code"]), None, lines, filename)
    tb = e.__traceback__
    while tb is not None and tb.tb_frame.f_code.co_filename != filename:
        tb = tb.tb_next
    line, t = None, tb
    while t is not None:
        if t.tb_frame.f_code.co_filename == filename:
            line = t.tb_lineno
        t = t.tb_next
    if line is None and isinstance(e, SyntaxError):
        line = e.lineno
    report = "".join(traceback.format_exception(type(e), e, tb))
    linecache.cache.pop(filename, None)
    if len(report) > MAX_TRACEBACK:
        report = report[: MAX_TRACEBACK // 2] + "\n...\n" + report[-MAX_TRACEBACK // 2 :]
    kind = "exception"
    if isinstance(e, MemoryError):
        kind = "memory"
    elif isinstance(e, NoForm):
        kind, report = "result", ""
    elif isinstance(e, SyntaxError) and tb is None:
        kind = "syntax"
    # The text of a syntax error has its line, which `line` says.
    own = isinstance(e, SyntaxError) and tb is None and e.lineno is not None
    message = text(str(e.msg if own else e)) or ("the memory limit was reached" if kind == "memory" else "")
    name = type(e).__name__
    return {
        "kind": kind,
        "message": message if kind == "result" else f"{name}: {message}" if message else name,
        "class": name,
        "traceback": text(report),
        "line": line,
    }


# ---- the loop -------------------------------------------------------------------------------------------------------------

PATHS = list(sys.path)
HOME = os.getcwd()
ENVIRON = dict(os.environ)
RAW_ENVIRON = dict(os.environ._data)
STDOUT, STDERR = Capture(1), Capture(2)


LIMIT = [0]  # the memory limit that is set; 0: none


def limit_memory(n):
    if n == LIMIT[0]:
        return
    import resource

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    want = n if n > 0 else hard
    if hard != resource.RLIM_INFINITY and want > hard:
        want = hard
    resource.setrlimit(resource.RLIMIT_AS, (want, hard))
    LIMIT[0] = n


def no_core():
    """What a task has in memory is nobody's business."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def restore():
    """What a task changed of the process, as the next one expects it."""
    sys.stdout, sys.stderr = STDOUT, STDERR
    if sys.path != PATHS:
        sys.path[:] = PATHS
    if os.environ._data != RAW_ENVIRON:
        os.environ.clear()
        os.environ.update(ENVIRON)
    try:
        if os.getcwd() != HOME:
            os.chdir(HOME)
    except OSError:
        os.chdir(HOME)


STARTED = [False]  # did the task start a process?
STARTS = {"os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "subprocess.Popen"}


def notice(event, args):
    if event in STARTS:
        STARTED[0] = True


def left_behind():
    """Does a process that the task started live on? It is in the interpreter's group."""
    group, own = os.getpgrp(), os.getpid()
    try:
        numbers = [int(n) for n in os.listdir("/proc") if n.isdigit()]
    except OSError:
        return True
    for n in numbers:
        try:
            with open(f"/proc/{n}/stat", "rb") as f:
                state, _, its = f.read().rpartition(b")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if int(its) == group and n != own and state != b"Z":
            return True
    return False


def worn(error):
    """Should the next task have a fresh interpreter? Threads that live on could disturb it; memory that ran out stays short;
    processes that live on end with the interpreter's group."""
    threading = sys.modules.get("threading")
    return (
        bool(error and error["kind"] == "memory")
        or (threading is not None and threading.active_count() > 1)
        or (STARTED[0] and left_behind())
    )


def answer(task):
    STARTED[0] = False
    STDOUT.reset(task["output_limit"])
    STDERR.reset(task["output_limit"])
    error = result = None
    try:
        limit_memory(task["memory"])
        result = perform(task)
    except BaseException as e:
        limit_memory(0)  # telling about it takes some memory too
        error = error_of(e, task)
    reply = {"ok": error is None, "stdout": STDOUT.text(), "stderr": STDERR.text()}
    reply.update(stdout_cut=STDOUT.cut, stderr_cut=STDERR.cut, error=error)
    try:
        return encode(reply, result, task["result_limit"] if error is None else 1 << 30)
    except BaseException as e:
        limit_memory(0)
        return encode({**reply, "ok": False, "error": error_of(e, task)}, None, 1 << 30)


def end_with_the_node():
    """In a thread of its own: a task may wait for ever, but not longer than there is somebody to answer to."""
    hangup = select.poll()
    hangup.register(OUT, 0)
    while not hangup.poll():
        pass
    if os.getpgrp() == os.getpid():
        os.killpg(0, 9)  # with all that tasks have started
    os._exit(0)


def loop():
    os.set_inheritable(IN, False)
    os.set_inheritable(OUT, False)
    _thread.start_new_thread(end_with_the_node, ())
    sys.addaudithook(notice)
    sys.meta_path.append(LazySite())
    sys.argv = [""]
    no_core()
    restore()
    while True:
        task = read_frame()
        frame = answer(task)
        del task
        restore()
        write_frame(frame)


loop()
