#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Install into a folder of its own; the examples build against that by find_package and by pkg-config, and run."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT, BUILD, COMPILER = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
EXAMPLES = ['ping_pong', 'chat_room', 'rate_limiter', 'worker_pool', 'code_lock', 'echo_server']


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=600, **options)
    if done.returncode != 0:
        raise AssertionError(f'{command} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}')
    return done.stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        base = pathlib.Path(cls.folder.name)
        cls.prefix, cls.copy = base / 'prefix', base / 'actors'
        run('cmake', '--install', BUILD, '--prefix', cls.prefix)
        shutil.copytree(ROOT / 'examples' / 'actors', cls.copy)
        library = next(cls.prefix.rglob('libtroupe.so'))
        pc = next(cls.prefix.rglob('troupe.pc'))
        cls.environment = {**os.environ, 'LD_LIBRARY_PATH': str(library.parent), 'CC': COMPILER,
                           'PKG_CONFIG_PATH': str(pc.parent)}

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def runs(self, folder):
        out = run(folder / 'ping_pong', '1000', env=self.environment)
        self.assertRegex(out, r'^1000 rounds, \d+ ns a message\n$')
        out = run(folder / 'echo_server', '--load', '20', env=self.environment)
        self.assertIn('20 connections open at once', out)

    def test_find_package(self):
        run('cmake', '-S', self.copy, '-B', self.copy / 'build', f'-DCMAKE_PREFIX_PATH={self.prefix}',
            f'-DCMAKE_C_COMPILER={COMPILER}', env=self.environment)
        run('cmake', '--build', self.copy / 'build', env=self.environment)
        self.runs(self.copy / 'build')

    def test_pkg_config(self):
        run('make', '-C', self.copy, env=self.environment)
        for example in EXAMPLES:
            self.assertTrue((self.copy / example).exists(), example)
        self.runs(self.copy)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0]])
