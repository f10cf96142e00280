#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each public header alone is C++17 without a warning, and cxx.cpp, which uses their macros, builds and runs."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT, LIBRARY = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
COMPILERS = [c for c in ('g++', 'clang++') if shutil.which(c)]
FLAGS = ['-std=c++17', '-Wall', '-Wextra', '-Wpedantic', '-Werror', f'-I{ROOT}/include']


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=240)
    if done.returncode != 0:
        raise AssertionError(f'{command} ended with {done.returncode}:\n{done.stdout}{done.stderr[:3000]}')


class Cxx(unittest.TestCase):
    def test_there_is_a_compiler(self):
        self.assertTrue(COMPILERS, 'neither g++ nor clang++ is installed')

    def test_each_header_alone(self):
        headers = sorted((ROOT / 'include' / 'troupe').glob('*.h'))
        self.assertGreater(len(headers), 20)
        for compiler in COMPILERS:
            for header in headers:
                with self.subTest(compiler=compiler, header=header.name):
                    run(compiler, *FLAGS, '-x', 'c++', '-fsyntax-only', '-include', header, '/dev/null')

    def test_a_program(self):
        with tempfile.TemporaryDirectory() as folder:
            for compiler in COMPILERS:
                program = pathlib.Path(folder) / compiler
                run(compiler, *FLAGS, pathlib.Path(__file__).parent / 'cxx.cpp', '-o', program, LIBRARY,
                    f'-Wl,-rpath,{LIBRARY.parent}')
                run(program)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0]])
