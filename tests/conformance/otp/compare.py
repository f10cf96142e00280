#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Perform the scenarios on Erlang/OTP and on Troupe and compare what the actors observed.

A scenario file (scenarios/*.txt; the area is the file's name) holds scenarios:

    = name                  begins one; $X in the name and in the operations is replaced
    @ X one two three=3     the values of X: a scenario for each (several lines: for each combination); a value that
                            makes no name is given one before `=`
    ! heading               Troupe differs on purpose, as this heading of the differences document says
    {operation, …}, …       Erlang terms, as README.md lists them
    % text                  a comment
"""
import argparse
import concurrent.futures
import itertools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77


class Scenario:
    def __init__(self, name, operations, heading):
        self.name, self.operations, self.heading = name, operations, heading


def label_and_value(choice):
    label, _, value = choice.partition('=')
    return label, value or label


def expand(area, block):
    """The scenarios of one block of lines, the first of which is its name."""
    name, values, heading, body = block[0], [], None, []
    for line in block[1:]:
        if line.startswith('@ '):
            key, *choices = line[2:].split()
            values.append([(key, *label_and_value(c)) for c in choices])
        elif line.startswith('! '):
            heading = line[2:].strip()
        else:
            body.append(line)
    for combination in itertools.product(*values):
        full, text = name, '\n'.join(body).strip()
        for key, label, value in combination:
            full = full.replace('$' + key, label)
            text = text.replace('$' + key, value)
        yield Scenario(f'{area}.{full}', text, heading)


def read_file(path):
    blocks = []
    for line in path.read_text().splitlines():
        line = line.split('%', 1)[0].rstrip()
        if line.startswith('= '):
            blocks.append([line[2:].strip()])
        elif line and not blocks:
            sys.exit(f'{path}: text before the first scenario: {line}')
        elif line:
            blocks[-1].append(line)
    return [s for block in blocks for s in expand(path.stem, block)]


def read_scenarios(only):
    scenarios = [s for path in sorted((HERE / 'scenarios').glob('*.txt')) for s in read_file(path)]
    names = [s.name for s in scenarios]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        sys.exit(f'two scenarios with one name: {", ".join(twice)}')
    return [s for s in scenarios if only in s.name]


def traces(output):
    """Scenario name -> the lines of its trace."""
    found, current = {}, None
    for line in output.splitlines():
        if line.startswith('# '):
            current = found.setdefault(line[2:], [])
        elif current is not None:
            current.append(line)
    return found


def by_actor(trace):
    """Only the order within an actor is determined; what passes between actors shows in the messages they get."""
    return sorted(trace, key=lambda line: line.split(':', 1)[0])


def run(what, command):
    environment = {**os.environ, 'ERL_CRASH_DUMP_SECONDS': '0'}  # no dump file where we happen to be
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment)
    if done.returncode != 0:  # a sanitizer's report, for one
        sys.exit(f'{what} ended with {done.returncode}: {done.stderr[-8000:]}')
    return traces(done.stdout)


def run_erlang(folder, terms):
    sources = sorted(str(p) for p in HERE.glob('*.erl'))
    subprocess.run(['erlc', '-o', str(folder), *sources], check=True)
    return run('erl', ['erl', '-noinput', '-pa', str(folder), '-s', 'otp_main', 'main', '-extra', str(terms)])


def headings(path):
    return {line.lstrip('#').strip() for line in path.read_text().splitlines() if line.startswith('#')}


def show(title, trace):
    print(f'  {title}:')
    for line in trace:
        print(f'    {line}')


def judge(scenario, erlang, troupe, documented):
    """Why a scenario fails, or None."""
    if erlang is None or troupe is None:
        return f'no trace from {"Erlang" if erlang is None else "Troupe"}'
    if any('waited in vain' in line for line in erlang + troupe):
        return 'something was waited for in vain'
    same = by_actor(erlang) == by_actor(troupe)
    if scenario.heading is None:
        return None if same else 'differs'
    if scenario.heading not in documented:
        return f'the differences document has no heading "{scenario.heading}"'
    return 'is listed as a difference but is none' if same else None


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--troupe', required=True, help='the program otp_scenarios')
    p.add_argument('--differences', required=True, type=pathlib.Path)
    p.add_argument('--schedulers', default='2')
    p.add_argument('--only', default='', help='scenarios whose name contains this')
    p.add_argument('--show', action='store_true', help='print every trace')
    args = p.parse_args()
    if shutil.which('erlc') is None:
        print('skipped: there is no erlc (Debian package erlang-base)')
        return SKIPPED
    scenarios = read_scenarios(args.only)
    documented = headings(args.differences)
    with tempfile.TemporaryDirectory() as folder:
        terms = pathlib.Path(folder) / 'scenarios.terms'
        terms.write_text(''.join(f"{{'{s.name}', [\n{s.operations}\n]}}.\n" for s in scenarios))
        with concurrent.futures.ThreadPoolExecutor() as both:
            on_erlang = both.submit(run_erlang, folder, terms)
            on_troupe = both.submit(run, 'otp_scenarios', [args.troupe, str(terms), args.schedulers])
            erlang, troupe = on_erlang.result(), on_troupe.result()
    failed, differences = 0, 0
    for s in scenarios:
        e, t = erlang.get(s.name), troupe.get(s.name)
        why = judge(s, e, t, documented)
        if why is not None:
            failed += 1
            print(f'FAILED {s.name}: {why}')
        if why is not None or args.show:
            show('Erlang', by_actor(e or []))
            show('Troupe', by_actor(t or []))
        differences += why is None and s.heading is not None
    print(f'{len(scenarios) - failed} passed, {failed} failed ({differences} of the passed are documented differences)')
    return 1 if failed or not scenarios else 0


if __name__ == '__main__':
    sys.exit(main())
