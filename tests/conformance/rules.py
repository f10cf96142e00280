#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every rule of docs/playbook.md, sections 1 to 10, has its tests in rules.txt, and they exist."""
import collections
import functools
import os
import re
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

Rule = collections.namedtuple("Rule", "section begins tests")


@functools.lru_cache(None)
def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as f:
        return f.read()


def rules_of(text):
    """(section, text) of each paragraph, list item and table row below a numbered heading; code counts as nothing."""
    found, section, code, words = [], None, False, []

    def finish():
        if words and section:
            found.append((section, " ".join(words)))
        words.clear()

    lines = text.split("\n")
    for number, line in enumerate(lines):
        heading = re.match(r"## (\d+)\. ", line)
        item = re.match(r"\s*(?:- |\d+\. )(.*)", line)
        if line.strip().startswith("```"):
            finish()
            code = not code
        elif code:
            continue
        elif heading or line.startswith("#") or not line.strip():
            finish()
            section = int(heading.group(1)) if heading else None if line.startswith("## ") else section
        elif line.startswith("|"):
            finish()
            head = number + 1 < len(lines) and re.fullmatch(r"\|[-| ]+\|", lines[number + 1])
            if not head and not re.fullmatch(r"\|[-| ]+\|", line):
                words.append(line.strip("| "))
                finish()
        elif item:
            finish()
            words.append(item.group(1).strip())
        else:
            words.append(line.strip())
    finish()
    return found


def table_of(text):
    table = []
    for line in text.split("\n"):
        if not line.strip() or line.startswith("#"):
            continue
        if line[0].isdigit():
            section, begins = line.split(" ", 1)
            table.append(Rule(int(section), begins.strip(), []))
        elif line.strip().startswith("bad/"):
            table[-1].tests.extend(line.split())
        else:
            file, names = line.strip().split(":", 1)
            table[-1].tests.extend(f"{file}:{name}" for name in names.split())
    return table


def missing_test(test):
    """What is wrong with the test that is named; None."""
    if test.startswith("bad/"):
        try:
            said = read("tests", "conformance", test + ".diag")
            read("tests", "conformance", test + ".yaml")
        except OSError:
            return "there is no such playbook"
        return None if re.search(r" (error|warning) ", said) else "nothing is said of it"
    file, name = test.split(":")
    in_python = file.endswith(".py")
    try:
        source = read("tests", *file.split("/")) if in_python else read("tests", "unit", file + ".c")
    except OSError:
        return "there is no such file"
    if name == "*":
        return None if "static void " in source else "it has no tests"
    if in_python:
        return None if re.search(rf"^    def {re.escape(name)}\(self", source, re.M) and name.startswith("test_") else "there is no such test"
    # Defined, and in the list of what is run.
    return None if len(re.findall(rf"\b{re.escape(name)}\b", source)) >= 2 else "there is no such test"


def faults(document, table):
    rules, used = rules_of(document), set()
    for section in range(1, 11):
        if not any(s == section for s, _ in rules):
            yield f"section {section} has no rules"
    for section, text in rules:
        entries = [r for r in table if r.section == section and text.startswith(r.begins)]
        used.update(id(r) for r in entries)
        if not any(r.tests for r in entries):
            yield f"section {section}: no test for the rule '{text[:70]}'"
    for rule in table:
        if id(rule) not in used:
            yield f"section {rule.section}: no rule begins with '{rule.begins}'"
        for test in rule.tests:
            why = missing_test(test)
            if why:
                yield f"section {rule.section}: {test}: {why}"


class Rules(unittest.TestCase):
    def setUp(self):
        self.document = read("docs", "playbook.md")
        self.table = table_of(read("tests", "conformance", "rules.txt"))

    def test_every_rule_has_its_tests(self):
        self.assertEqual(list(faults(self.document, self.table)), [])
        self.assertGreater(len(rules_of(self.document)), 100)

    def test_a_new_rule_without_a_test_is_found(self):
        more = self.document.replace("\n## 6. ", "\n- **Colours.** Steps may be red.\n\n## 6. ")
        self.assertEqual(list(faults(more, self.table)), ["section 5: no test for the rule '**Colours.** Steps may be red.'"])

    def test_a_test_that_is_gone_is_found(self):
        table = [r._replace(tests=["model/steps_test:joins_no_more", "bad/nothing", "integration/test_run.py:test_nobody"]) if i == 0 else r
                 for i, r in enumerate(self.table)]
        self.assertEqual(len(list(faults(self.document, table))), 3)

    def test_a_rule_that_is_gone_is_found(self):
        table = self.table + [Rule(3, "Nobody says this", ["bad/root_kind"])]
        self.assertEqual(list(faults(self.document, table)), ["section 3: no rule begins with 'Nobody says this'"])

    def test_each_refusal_has_a_playbook(self):
        """Items of the list in section 1 are refusals: each is shown by a bad playbook that ends in an error."""
        begin, end = self.document.index("**What is refused.**"), self.document.index("**What is warned of**")
        refusals = [t for s, t in rules_of("## 1. x\n" + self.document[begin:end])][1:]
        self.assertGreaterEqual(len(refusals), 12)
        for text in refusals:
            bad = [t for r in self.table if r.section == 1 and text.startswith(r.begins) for t in r.tests if t.startswith("bad/")]
            self.assertTrue(bad, text)
            for name in bad:
                self.assertRegex(read("tests", "conformance", name + ".diag"), " error ")


if __name__ == "__main__":
    unittest.main()
