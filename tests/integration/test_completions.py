# SPDX-License-Identifier: Apache-2.0
"""The completions of bash know each command and each of its options."""
import os
import re
import subprocess

import kit

COMPLETIONS = os.path.join(kit.SOURCE, "packaging/completions/troupe.bash")


class Completions(kit.Case):
    def complete(self, *words):
        script = f'source "{COMPLETIONS}"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _troupe; printf "%s\\n" "${{COMPREPLY[@]}}"'
        done = subprocess.run(["bash", "-c", script, "bash", "troupe", *words], capture_output=True, text=True, timeout=60, check=False)
        return set(done.stdout.split())

    def test_each_option_that_the_help_tells(self):
        commands = self.complete("") - {"--version", "--help", "help"}
        self.assertGreater(len(commands), 10)
        self.assertEqual(commands, set(re.findall(r"^  ([a-z]+) ", self.troupe("--help").stdout, re.M)) - {"help"})
        options = 0
        for command in commands:
            done = self.troupe(command, "--help")
            told = set(re.findall(r"^ +(--[a-z-]+)", done.stdout, re.M))
            options += len(told)
            self.assertEqual(told - self.complete(command, "--"), set(), command)
        self.assertGreater(options, 50)

    def test_each_status(self):
        told = self.troupe("executions", "--status", "none").stderr
        statuses = re.search(r"takes some of ([a-z,]+),", told).group(1).split(",")
        self.assertEqual(self.complete("executions", "--status", ""), set(statuses))
        self.assertTrue(all(status in self.troupe("executions", "--help").stdout for status in statuses))


kit.main()
