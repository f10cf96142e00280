#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every block of C in the guides and in README.md compiles, with the preamble that the guides print on their top.

A block that begins with ```c stands at file level; one that begins with ```c body is inside a function of an actor;
one that begins with ```cpp is a whole program in C++17; ```c preamble is what a reader puts before all others of the page.
Blocks of one section (from a heading to the next of the same or a higher level) build on each other: what an earlier
file-level block of the section defines is there in the later ones. A block with a main is a program: it is linked and
run as well, unless its first line says that it never ends (/* runs until it is stopped */).
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT, COMPILER, LIBRARY = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
WARNINGS = ['-Wall', '-Wextra', '-Werror', '-Wno-unused-function', '-Wno-unused-variable', '-Wno-unused-parameter',
            '-Wno-unused-const-variable']
C = [COMPILER, '-std=c11', *WARNINGS, f'-I{ROOT}/include']
CXX = ['g++', '-std=c++17', '-Wall', '-Wextra', '-Wpedantic', '-Werror', f'-I{ROOT}/include']


def blocks(path):
    """(heading, line number, kind, text) of each block of C."""
    heading, kind, start, lines = '', None, 0, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if kind is None and line.startswith('## '):
            heading = line[3:]
        if kind is None and (fence := re.match(r'```(cpp|c( body| preamble)?)$', line.strip())):
            kind, start, lines = fence[1], number, []
        elif kind is not None and line.strip() == '```':
            yield heading, start, kind, '\n'.join(lines)
            kind = None
        elif kind is not None:
            lines.append(line)


def compile_block(folder, name, kind, text, program):
    source = folder / (f'{name}.cpp' if kind == 'cpp' else f'{name}.c')
    source.write_text(text)
    command = [*(CXX if kind == 'cpp' else C), str(source), '-o', str(folder / name)]
    command += [str(LIBRARY), f'-Wl,-rpath,{LIBRARY.parent}'] if program else ['-fsyntax-only']
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    return done.stderr if done.returncode != 0 else None


def check(path, folder):
    failures, preamble, before, section, programs = [], '', '', None, 0
    for n, (heading, line, kind, text) in enumerate(blocks(path)):
        where, name = f'{path.relative_to(ROOT)}:{line}', f'{path.stem.replace("-", "_")}_{n}'
        if heading != section:
            section, before = heading, ''
        placed = f'#line {line + 1} "{path.name}"\n{text}\n'
        program = kind == 'cpp' or (kind == 'c' and re.search(r'^int main\(', text, re.M) is not None)
        if kind == 'cpp':
            whole = placed
        elif kind == 'c body':
            whole = preamble + before + f'void block_{n}(tr_value arg);\nvoid block_{n}(tr_value arg)\n{{\n{placed}}}\n'
        else:
            whole = preamble + before + placed
        if kind == 'c preamble':
            preamble = whole
        elif kind == 'c' and not program:
            before += placed
        error = compile_block(folder, name, kind, whole, program)
        if error is None and program and 'runs until it is stopped' not in text:
            programs += 1
            ran = subprocess.run([str(folder / name)], capture_output=True, text=True, timeout=240)
            error = None if ran.returncode == 0 else f'ended with {ran.returncode}: {ran.stdout}{ran.stderr}'
        if error is not None:
            failures.append(f'{where}: {error}')
    return n + 1, programs, failures


def main():
    paths = [ROOT / 'README.md', *sorted((ROOT / 'docs' / 'guide').glob('*.md'))]
    total, ran, failures = 0, 0, []
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            if '```c' in path.read_text():
                n, programs, bad = check(path, pathlib.Path(folder))
                total, ran, failures = total + n, ran + programs, failures + bad
    for failure in failures:
        print(failure)
    print(f'{total} blocks of C, {ran} programs run, {len(failures)} failures')
    return 1 if failures or total == 0 else 0


if __name__ == '__main__':
    sys.exit(main())
