# SPDX-License-Identifier: Apache-2.0
"""Random templates: expressions that are mostly well typed, and statements around them."""
import json
import random

CONTEXT = {
    "n": 7, "z": 0, "neg": -3, "big": 123457, "f": 2.5, "g": -0.125, "h": 1e20, "t": True, "no": False, "nil": None,
    "s": "Hello World", "e": "", "u": "Grüße, Ωmega ß", "w": "  pad me  ", "m": "<a href=\"x\">T & 'q'</a>",
    "lines": "one\ntwo three\n\nfour", "num": "42", "hex": "0x1f", "flt": " 3.5 ", "csv": "b,a,,c",
    "xs": [3, 1, 2], "ys": [1.5, -2, 0, 3], "ss": ["b", "A", "c", "a"], "es": [], "mix": [1, "1", None, True, 2.0],
    "nest": [[1, 2], [3], []], "pairs": [["k", 1], ["l", 2]], "tags": ["x y", "z"],
    "d": {"a": 1, "b": "two", "c": [1, 2, 3], "Z": None}, "ed": {}, "deep": {"x": {"y": {"z": [10, {"q": "end"}]}}},
    "users": [
        {"name": "ann", "age": 31, "on": True, "tags": ["x"], "pos": {"lat": 1.5}},
        {"name": "Bob", "age": 25, "on": False, "tags": [], "pos": {"lat": -2}},
        {"name": "cy", "age": 31, "on": True, "tags": ["x", "y"], "pos": {"lat": 0}},
    ],
}
INTS = ["n", "z", "neg", "big", "d.a", "xs[0]", "users[1].age"]
FLOATS = ["f", "g", "h", "ys[0]"]
STRS = ["s", "e", "u", "w", "m", "lines", "num", "hex", "flt", "csv", "d.b", "users[0].name", "deep.x.y.z[1].q"]
LISTS = ["xs", "ys", "ss", "es", "nest", "pairs", "tags", "d.c", "mix"]
DICTS = ["d", "ed", "deep", "users[0]", "deep.x"]
UNDEF = ["missing", "d.missing", "xs[9]", "missing2", "users[0].nope"]


class Generator:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.locals = []

    def pick(self, *options):
        return self.r.choice(options)

    def chance(self, p):
        return self.r.random() < p

    # ---- literals

    def str_lit(self):
        text = self.pick("a", "abc", "Hello", "x y z", "%s", "a,b", "1", "-7", "3.0", "été", "<b>", "it's", "line\nline", "",
                         "{}", "tab\there", "UPPER", "q\"q", "back\\slash", "ﬁ", "aXbXc", "true", "0")
        quote = self.pick("'", '"')
        out = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace(quote, "\\" + quote)
        return quote + out + quote

    def int_lit(self):
        return self.pick("0", "1", "2", "3", "5", "10", "-1", "-2", "7", "100", "1_000", "0x1F", "0b101", "0o17")

    def float_lit(self):
        return self.pick("0.5", "1.0", "2.25", "-1.5", "1e3", "1.5e-7", "3.14159", "1e16", "123456.789", "0.1", "2.675")

    # ---- typed expressions

    def integer(self, d):
        if d <= 0 or self.chance(0.2):
            return self.r.choice(INTS) if self.chance(0.6) else self.int_lit()
        k = self.r.randrange(13)
        if k < 4:
            return f"({self.integer(d-1)} {self.pick('+', '-', '*', '//', '%')} {self.integer(d-1)})"
        if k == 4:
            return f"{self.pick('xs', 'ss', 'd', 's', 'u')}|{self.pick('length', 'count')}"
        if k == 5:
            return f"{self.paren(self.any(d-1))}|int" + self.pick("", "(5)", "(base=16)", "(default=-1)", "(0, 2)")
        if k == 6:
            return f"{self.paren(self.list(d-1))}|{self.pick('sum', 'max', 'min', 'length', 'first', 'last')}"
        if k == 7:
            return f"{self.paren(self.str(d-1))}.{self.pick('find', 'count', 'rfind', 'index')}({self.str_lit()})"
        if k == 8:
            return f"-{self.integer(d-1)}"
        if k == 9:
            return f"({self.integer(d-1)}|abs)"
        if k == 10:
            return f"({self.pick('2', '3', '-2', 'n', 'f')} ** {self.pick('0', '1', '2', '3', '-1', '5', '0.5')})"
        if k == 11:
            return f"({self.integer(d-1)} if {self.boolean(d-1)} else {self.integer(d-1)})"
        return f"{self.paren(self.list(d-1))}[{self.pick('0', '1', '-1')}]"

    def number(self, d):
        if self.chance(0.5):
            return self.integer(d)
        if d <= 0 or self.chance(0.3):
            return self.r.choice(FLOATS) if self.chance(0.5) else self.float_lit()
        k = self.r.randrange(6)
        if k == 0:
            return f"({self.number(d-1)} {self.pick('+', '-', '*', '/', '//', '%')} {self.number(d-1)})"
        if k == 1:
            return f"{self.paren(self.number(d-1))}|round" + self.pick("", "(1)", "(2)", "(-1)", "(0,'floor')", "(1,'ceil')",
                                                                     "(precision=2, method='ceil')")
        if k == 2:
            return f"{self.paren(self.any(d-1))}|float" + self.pick("", "(1.5)", "(default=2)")
        if k == 3:
            return f"({self.number(d-1)} / {self.number(d-1)})"
        if k == 4:
            return f"{self.paren(self.number(d-1))}|abs"
        return f"{self.list(0)}|sum"

    def str(self, d):
        if d <= 0 or self.chance(0.2):
            return self.r.choice(STRS) if self.chance(0.6) else self.str_lit()
        k = self.r.randrange(22)
        s = lambda: self.paren(self.str(d - 1))
        if k < 3:
            return f"{s()}|" + self.pick("upper", "lower", "title", "capitalize", "trim", "string", "e", "escape", "reverse",
                                         "striptags", "forceescape", "safe", "urlencode", "trim('ab ')", "center(20)",
                                         "wordwrap(8)", "indent", "indent(2, true)", "indent(first=true, blank=true)",
                                         "truncate(8)", "truncate(9, true)", "truncate(7, false, '..', 0)",
                                         "indent('> ')", "wordwrap(5, false)", "default('x')", "replace('a', 'b')",
                                         "replace('l', 'L', 1)", "urlize", "tojson", "pprint", "wordcount|string")
        if k < 6:
            return f"{s()}." + self.pick("upper()", "lower()", "title()", "capitalize()", "strip()", "lstrip()", "rstrip('d ')",
                                         "swapcase()", "casefold()", "zfill(12)", "center(15, '*')", "ljust(9)", "rjust(9, '.')",
                                         "replace('o', '0')", "replace('', '-')", "removeprefix('He')", "removesuffix('ld')",
                                         "expandtabs(4)", "join(ss)", "join(['1', '2'])", "encode()", "replace('a','bb',2)",
                                         "center(8)", "split()[0]", "partition(' ')[2]", "strip('<>a ')")
        if k == 6:
            return f"({self.str(d-1)} ~ {self.any(d-1)})"
        if k == 7:
            return f"({self.str(d-1)} + {self.str(d-1)})"
        if k == 8:
            return f"({self.str(d-1)} * {self.pick('0', '2', '3', '-1')})"
        if k == 9:
            return f"{s()}[{self.slice(d)}]"
        if k == 10:
            return f"{self.paren(self.list(d-1))}|join" + self.pick("", "(',')", "('-')", "(', ', attribute='name')", "(d=1)")
        if k == 11:
            return self.percent(d)
        if k == 12:
            return self.braces(d)
        if k == 13:
            return f"{self.paren(self.number(d-1))}|filesizeformat" + self.pick("", "(true)")
        if k == 14:
            return f"{self.paren(self.any(d-1))}|string"
        if k == 15:
            return f"{self.paren(self.any(d-1))}|tojson" + self.pick("", "(2)", "(indent=1)")
        if k == 16:
            return f"{s()}[{self.integer(d-1)}]"
        if k == 17:
            return f"({self.str(d-1)} if {self.boolean(d-1)} else {self.str(d-1)})"
        if k == 18:
            return f"{self.r.choice(UNDEF)}|default({self.str(d-1)}" + self.pick("", ", true") + ")"
        if k == 19:
            return f"{self.paren(self.any(d-1))}|pprint"
        if k == 20:
            return f"{{'k': {self.str(d-1)}, 'a b': {self.any(d-1)}}}|{self.pick('xmlattr', 'urlencode', 'tojson', 'string')}"
        return f"{s()}|format({self.any(d-1)})"

    def percent(self, d):
        spec = self.pick("%s", "%d", "%5d|", "%-6s|", "%05.1f", "%.2f", "%x", "%o", "%e", "%g", "%r", "%+d", "%%", "%c", "%3s",
                         "%#x", "%X", "%G", "% d", "%.3s", "%08d", "%-8.3f|", "%i", "%.0f", "%5.1e")
        value = self.any(d - 1) if self.chance(0.3) else self.number(d - 1)
        if self.chance(0.2):
            return f"('%(x)s-%(y)d' % {{'x': {self.any(d-1)}, 'y': {self.integer(d-1)}}})"
        if self.chance(0.5):
            return f"('{spec}' % {self.paren(value)})"
        return f"('{spec} {self.pick('%s', '%d', '')}'|format({value}, {self.any(d-1)}))"

    def braces(self, d):
        spec = self.pick("{}", "{0}", "{:>8}", "{:<8}|", "{:^9}|", "{:*^9}", "{:+}", "{:,}", "{:08.3f}", "{:.2f}", "{:x}", "{:#x}",
                         "{:b}", "{:e}", "{:g}", "{:%}", "{:.1%}", "{!r}", "{!s:>6}", "{{}}", "{x}", "{0[0]}", "{:_}", "{:5}",
                         "{:.3}", "{:n}", "{:c}", "{:,.2f}", "{:G}", "{:o}", "{:X}", "{:010,}", "{: }", "{:=+8}", "{:.0f}", "{:s}")
        value = self.any(d - 1) if self.chance(0.3) else self.number(d - 1)
        return f"'{spec}'.format({value}" + self.pick("", f", x={self.integer(d-1)}") + ")"

    def boolean(self, d):
        if d <= 0 or self.chance(0.15):
            return self.pick("t", "no", "true", "false", "True", "none is none")
        k = self.r.randrange(12)
        if k < 2:
            return f"({self.any(d-1)} {self.pick('==', '!=')} {self.any(d-1)})"
        if k == 2:
            return f"({self.number(d-1)} {self.pick('<', '>', '<=', '>=')} {self.number(d-1)})"
        if k == 3:
            return f"({self.boolean(d-1)} {self.pick('and', 'or')} {self.boolean(d-1)})"
        if k == 4:
            return f"(not {self.boolean(d-1)})"
        if k == 5:
            return f"({self.str(d-1)} {self.pick('in', 'not in', '<', '==')} {self.str(d-1)})"
        if k == 6:
            return f"({self.any(d-1)} {self.pick('in', 'not in')} {self.list(d-1)})"
        if k == 7:
            return (f"({self.any(d-1)} is {self.pick('', 'not ')}" +
                    self.pick("string", "number", "none", "defined", "undefined", "mapping", "sequence", "iterable", "integer",
                              "float", "boolean", "true", "false", "callable", "lower", "upper", "escaped") + ")")
        if k == 8:
            return (f"({self.integer(d-1)} is {self.pick('', 'not ')}" +
                    self.pick("odd", "even", "divisibleby 3", "divisibleby(2)", "eq 7", "gt(3)", "lt 5", "ge 1", "in [1, 7]",
                              "ne 0", "sameas true", "lessthan 4", "equalto(1)", "greaterthan 2", "le 3") + ")")
        if k == 9:
            return f"({self.number(d-1)} {self.pick('<', '<=')} {self.number(d-1)} {self.pick('<', '!=', '>=')} {self.number(d-1)})"
        if k == 10:
            return (f"{self.paren(self.str(d-1))}." +
                    self.pick("startswith('H')", "endswith('d')", "isdigit()", "isalpha()", "isupper()", "islower()", "isspace()",
                              "istitle()", "isalnum()", "isnumeric()", "isidentifier()", "startswith(('a', 'H'))", "isascii()",
                              "isprintable()", "isdecimal()"))
        return f"{self.r.choice(UNDEF)} is {self.pick('defined', 'not defined', 'undefined')}"

    def list(self, d):
        if d <= 0 or self.chance(0.25):
            return self.r.choice(LISTS)
        k = self.r.randrange(17)
        l = lambda: self.paren(self.list(d - 1))
        if k == 0:
            return "[" + ", ".join(self.any(d - 1) for _ in range(self.r.randrange(4))) + "]"
        if k == 1:
            return f"range({self.pick('3', '1, 4', '5, 0, -2', 'n', '0')})|list"
        if k < 5:
            return f"{l()}|" + self.pick("sort", "reverse|list", "unique|list", "list", "sort(reverse=true)", "batch(2)", "slice(2)",
                                         "batch(2, 'x')", "slice(3, 0)", "sort(case_sensitive=true)", "select|list", "reject|list",
                                         "map('string')|list", "map('upper')|list", "select('number')|list",
                                         "reject('none')|list", "map('int')|list", "select('gt', 1)|list", "map('default', 'D')",
                                         "unique(case_sensitive=true)", "map('length')|list", "batch(3)|map('list')")
        if k == 5:
            return "users|" + self.pick("map(attribute='name')", "selectattr('on')", "rejectattr('on')", "sort(attribute='age')",
                                        "map(attribute='age')", "selectattr('age', 'gt', 30)", "groupby('age')", "sort(attribute='age,name')",
                                        "map(attribute='pos.lat')", "unique(attribute='age')", "groupby('on')|map('first')",
                                        "map(attribute='nope', default='-')", "sort(attribute='name', reverse=true)",
                                        "selectattr('name', 'in', ['ann', 'cy'])", "map(attribute='tags')", "rejectattr('tags')",
                                        "sort(attribute='name')|map(attribute='name')", "selectattr('name', 'equalto', 'Bob')") + "|list"
        if k == 6:
            return f"{l()}[{self.slice(d)}]"
        if k == 7:
            return f"({self.list(d-1)} + {self.list(d-1)})"
        if k == 8:
            return f"{self.paren(self.str(d-1))}." + self.pick("split()", "split(',')", "splitlines()", "split(' ', 1)", "rsplit(' ', 1)",
                                                               "partition(',')", "rpartition('l')", "split('l')", "rsplit(',', 1)",
                                                               "rsplit()", "split(maxsplit=1)", "splitlines(true)")
        if k == 9:
            return f"{self.paren(self.dict(d-1))}." + self.pick("keys()", "values()", "items()") + self.pick("", "|list")
        if k == 10:
            return f"{self.paren(self.dict(d-1))}|" + self.pick("dictsort", "items|list", "dictsort(by='value')", "list",
                                                                "dictsort(true)", "dictsort(reverse=true)")
        if k == 11:
            return f"({self.any(d-1)}, {self.any(d-1)})"
        if k == 12:
            return f"({self.any(d-1)},)"
        if k == 13:
            return f"{self.paren(self.str(d-1))}|list"
        if k == 14:
            return f"({self.list(d-1)} * {self.pick('0', '2')})"
        if k == 15:
            return f"({self.list(d-1)} if {self.boolean(d-1)} else {self.list(d-1)})"
        return f"{self.paren(self.list(d-1))}|list"

    def dict(self, d):
        if d <= 0 or self.chance(0.4):
            return self.r.choice(DICTS)
        if self.chance(0.3):
            return f"dict({self.pick('d', 'pairs', '')}{self.pick('', '')})"
        keys = self.r.sample(["'a'", "'b'", "'k'", "'x y'", "1", "2.5", "true", "none"], self.r.randrange(3))
        return "{" + ", ".join(f"{k}: {self.any(d-1)}" for k in keys) + "}"

    def slice(self, d):
        part = lambda: self.pick("", "", "0", "1", "2", "-1", "-2", "3", "n", "none")
        return self.pick(f"{part()}:{part()}", f"{part()}:{part()}:{self.pick('', '1', '2', '-1', '-2')}")

    def any(self, d):
        if self.locals and self.chance(0.25):
            return self.r.choice(self.locals)
        k = self.r.random()
        if k < 0.2:
            return self.integer(d)
        if k < 0.32:
            return self.number(d)
        if k < 0.55:
            return self.str(d)
        if k < 0.68:
            return self.boolean(d)
        if k < 0.83:
            return self.list(d)
        if k < 0.91:
            return self.dict(d)
        if k < 0.95:
            return self.pick("nil", "none", "None")
        if k < 0.98:
            return self.r.choice(UNDEF)
        if d > 0:
            return self.pick(f"({self.any(d-1)} if {self.boolean(d-1)})", f"({self.any(d-1)} or {self.any(d-1)})",
                             f"({self.any(d-1)} and {self.any(d-1)})", f"{self.paren(self.any(d-1))}|first",
                             f"{self.paren(self.any(d-1))}|default('D', true)", f"{self.paren(self.any(d-1))}|last",
                             f"{self.paren(self.dict(d-1))}.get('a', {self.any(d-1)})", f"{self.paren(self.any(d-1))}.a",
                             f"{self.paren(self.any(d-1))}[{self.any(d-1)}]", f"{self.paren(self.any(d-1))}|attr('upper')")
        return self.pick("n", "s", "xs")

    def paren(self, text):
        return text if text.isidentifier() else f"({text})"

    # ---- statements

    def ws(self, text):
        if self.chance(0.12):
            text = text.replace("{%", self.pick("{%-", "{%+"), 1)
        if self.chance(0.12):
            text = text[::-1].replace("}%", self.pick("}%-", "}%-"), 1)[::-1]
        return text

    def text(self):
        return self.pick("", " ", "\n", "text", "a b\n", "  x  ", "|", "\n  ", "é")

    def output(self, d):
        expr = self.any(d)
        return self.pick("{{ %s }}", "{{%s }}", "{{- %s }}", "{{ %s -}}", "{{ %s }}", "{{ %s }}") % (expr if not expr.startswith(("-", "{")) else " " + expr)

    def block(self, d):
        return "".join(self.statement(d) if self.chance(0.6) else self.text() for _ in range(self.r.randrange(1, 4)))

    def scoped(self, names, d):
        self.locals.extend(names)
        body = self.block(d)
        del self.locals[len(self.locals) - len(names):]
        return body

    def loop_bits(self):
        return "{{ loop.%s }}" % self.pick("index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0",
                                           "cycle('a', 'b')", "previtem", "nextitem", "changed(x)", "previtem is defined",
                                           "nextitem|default('-')")

    def statement(self, d):
        if d <= 0:
            return self.output(1)
        k = self.r.randrange(15)
        if k < 3:
            return self.output(2)
        if k == 3:
            out = self.ws("{% if " + self.boolean(2) + " %}") + self.block(d - 1)
            if self.chance(0.4):
                out += self.ws("{% elif " + self.any(1) + " %}") + self.block(d - 1)
            if self.chance(0.5):
                out += self.ws("{% else %}") + self.block(d - 1)
            return out + self.ws("{% endif %}")
        if k < 7:
            head = "{% for x in " + self.list(2) + (" if " + self.pick("x", "x is defined", "x != 1", "x is number") if self.chance(0.3) else "") + " %}"
            body = self.scoped(["x"], d - 1) + (self.loop_bits() if self.chance(0.5) else "")
            out = self.ws(head) + body
            if self.chance(0.25):
                out += self.ws("{% else %}") + self.block(d - 1)
            return out + self.ws("{% endfor %}")
        if k == 7:
            head = "{% for k, v in " + self.dict(1) + self.pick(".items()", "|items", "|dictsort") + " %}"
            return self.ws(head) + self.scoped(["k", "v"], d - 1) + self.ws("{% endfor %}")
        if k == 8:
            name = self.pick("v1", "v2", "n", "s")
            return self.ws("{% set " + name + " = " + self.any(2) + " %}") + "{{ " + name + " }}" + self.block(d - 1)
        if k == 9:
            flt = self.pick("", " | upper", " | trim", " | replace('a', 'b')")
            return self.ws("{% set blk" + flt + " %}") + self.block(d - 1) + self.ws("{% endset %}") + "[{{ blk }}]"
        if k == 10:
            return self.ws("{% with w1 = " + self.any(1) + ", w2 = " + self.any(1) + " %}") + self.scoped(["w1", "w2"], d - 1) + self.ws("{% endwith %}")
        if k == 11:
            return self.ws("{% filter " + self.pick("upper", "lower", "trim", "replace('e', 'E')", "title", "indent(2)") + " %}") + self.block(d - 1) + self.ws("{% endfilter %}")
        if k == 12:
            args = self.pick("()", "(a1)", "(a1, a2=2)", "(a1='d', a2=a1)")
            names = [a for a in ("a1", "a2") if a in args]
            tail = self.pick("", "{{ varargs }}", "{{ kwargs }}", "{{ caller() if caller is defined }}", "{{ caller() }}")
            out = self.ws("{% macro mac" + args + " %}") + self.scoped(names, d - 1) + tail + self.ws("{% endmacro %}")
            call = "mac(" + self.pick("", "1", "1, 2", "a2=3", "1, 2, 3", "a1='k'", "1, a2=[1]", "*xs", "**{'a1': 5}", "9, zz=1") + ")"
            if self.chance(0.35):
                return out + self.ws("{% call " + call + " %}") + self.block(d - 1) + self.ws("{% endcall %}")
            return out + "{{ " + call + " }}"
        if k == 13:
            return self.pick("{# note #}", "{#- note -#}", "{% raw %}{{ not }} {% this %}{% endraw %}", "{%- raw -%} x {%- endraw -%}",
                             "{% set ns = namespace(c=0) %}{% for i in xs %}{% set ns.c = ns.c + i %}{% endfor %}{{ ns.c }}",
                             "{% set q = [] %}{% for i in ss %}{% set _ = q.append(i) %}{% endfor %}{{ q }}",
                             "{% set cyc = cycler('o', 'e') %}{{ cyc.next() }}{{ cyc.next() }}{{ cyc.next() }}{{ cyc.current }}",
                             "{% set jn = joiner('|') %}{% for i in xs %}{{ jn() }}{{ i }}{% endfor %}",
                             "{% for i in nest recursive %}{% if i is sequence %}[{{ loop(i) }}]{% else %}{{ i }}:{{ loop.depth }}{% endif %}{% endfor %}",
                             "{% set o = {} %}{% set _ = o.update({'a': 1}) %}{{ o }}{{ o.setdefault('b', 2) }}{{ o }}",
                             "{% set q = [3, 1] %}{{ q.sort() }}{{ q }}{{ q.pop() }}{{ q.insert(0, 9) }}{{ q }}{{ q.index(9) }}")
        a, b = self.pick(("p1", "p2"), ("v1", "p2"))
        return self.ws("{% set " + a + ", " + b + " = " + self.any(1) + ", " + self.any(1) + " %}") + "{{ " + a + " }}{{ " + b + " }}"

    # ---- which variable a name means

    def name(self):
        return self.pick("n", "z", "v1", "v2", "v1", "v2")

    def scopes(self, d):
        return "".join(self.scope(d) for _ in range(self.r.randrange(1, 4)))

    def scope(self, d):
        x, y, i = self.name(), self.name(), self.r.randrange(100)
        k = self.r.randrange(15 if d > 0 else 4)
        if k < 2:
            return "{%% set %s = %d %%}" % (x, i)
        if k < 4:
            return "{{ %s }}," % x
        if k == 4:
            return "{%% if %s %%}%s{%% endif %%}" % (self.pick("true", "false", x), self.scopes(d - 1))
        if k == 5:
            return "{%% if %s %%}%s{%% elif %s %%}%s{%% else %%}%s{%% endif %%}" % (
                self.pick("true", "false", x), self.scopes(d - 1), self.pick("true", "false", y), self.scopes(d - 1), self.scopes(d - 1))
        if k < 8:
            return "{%% for %s in [%s, %d] %%}%s%s{%% endfor %%}" % (x, y, i, self.scopes(d - 1), self.pick("", "{{ loop.index }}"))
        if k == 8:
            return "{%% for %s in [%s, %d] if %s %%}%s{%% else %%}%s{%% endfor %%}" % (x, y, i, self.name(), self.scopes(d - 1), self.scopes(d - 1))
        if k == 9:
            return "{%% with %s = %s %%}%s{%% endwith %%}" % (x, y, self.scopes(d - 1))
        if k == 10:
            m = self.pick("m1", "m2")
            return "{%% macro %s(%s) %%}%s{%% endmacro %%}{{ %s() }}" % (m, self.pick("", x, f"{x}={y}", f"{x}, {y}={x}" if x != y else ""), self.scopes(d - 1), m)
        if k == 11:
            return "{%% set %s %%}%s{%% endset %%}" % (x, self.scopes(d - 1))
        if k == 12:
            return "{%% filter trim %%}%s{%% endfilter %%}" % self.scopes(d - 1)
        if k == 13:
            return "{%% macro m3(%s=%d) %%}%s{{ caller(%d) }}{%% endmacro %%}{%% call(%s) m3() %%}%s{%% endcall %%}" % (x, i, self.scopes(d - 1), i, y, self.scopes(d - 1))
        return "{%% for %s in [%d, [%s]] recursive %%}%s{%% if %s is sequence %%}{{ loop(%s) }}{%% endif %%}{%% endfor %%}" % (x, i, y, self.scopes(d - 1), x, x)

    def template(self):
        """(template, text mode?)"""
        self.locals = []
        if self.chance(0.15):
            return self.scopes(3), True
        if self.chance(0.55):
            expr = self.any(self.r.randrange(1, 5))
            return "{{ " + expr + " }}", self.chance(0.5)
        return "".join(self.statement(self.r.randrange(1, 4)) + self.text() for _ in range(self.r.randrange(1, 4))), True


def context_json():
    return json.dumps(CONTEXT)
