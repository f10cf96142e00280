# SPDX-License-Identifier: Apache-2.0
"""What is refused before any code of it runs, each with a message that says what to do: all of these objects end the
process from a constructor if they are so much as mapped. At the start of a node, and into one that runs."""
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import kit  # noqa: E402

OBJECTS = os.environ["TEST_PLUGINS"]


def built(name):
    return os.path.join(OBJECTS, f"librefused_{name}.so")


class Refusals(kit.Case):
    def node(self, *args):
        process = self.start("node", *args)
        line = process.stdout.readline()
        self.assertTrue(line.startswith("ready: process "), line)
        return process

    def stop(self, process):
        self.assertIsNone(process.poll(), "the node has ended")
        process.terminate()
        _, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, err)
        return err

    def check_load(self, path, *says):
        done = self.troupe("plugin", "load", path)
        self.assertEqual(done.returncode, 1, done.stdout)
        for text in says:
            self.assertIn(text, done.stderr)

    def start_without(self, paths, *says, config=None):
        """A node starts without these plugins, and says why."""
        args = [a for path in paths for a in ("--plugin-path", path)]
        err = self.stop(self.node(*args, *(("--config", config) if config else ())))
        for text in says:
            self.assertIn(text, err)

    def test_dependency_cycles(self):
        self.start_without([built("cycle_a"), built("cycle_b")], "cycle-a is in a cycle of dependencies: cycle-a -> cycle-b -> cycle-a", "break it in one of their manifests")

    def test_missing_dependencies(self):
        self.start_without([built("missing")], "missing depends on nobody >=1.0, which is not there")
        self.start_without([built("old")], "old depends on noop >=99")

    def test_wrong_abi(self):
        self.start_without([built("abi")], "was built for plugin ABI 99, this node has 1; build it against this node's header")

    def test_a_file_that_is_not_there(self):
        """Told once, with its place when the configuration file names it."""
        config = self.write("config.yaml", "plugins:\n  paths: [nothere.so]\n", header=False)
        err = self.stop(self.node("--config", config, "--plugin-path", "/nowhere.so"))
        self.assertRegex(err, r"config\.yaml:2:11: warning: \S*/nothere\.so does not exist; is the path right\?; it is left out")
        self.assertIn("troupe node: /nowhere.so does not exist", err)
        self.assertEqual((err.count("nothere.so does not exist"), err.count("nowhere.so does not exist")), (1, 1), err)

    def test_two_replacers_of_a_point(self):
        self.start_without([built("replacer_1"), built("replacer_2")],
                           "plugin replacer-2 replaces a point that replacer-1 replaces already; unload one of them")

    def test_bad_settings(self):
        """With its place in the configuration file; the node does not start with it."""
        for text, says in (("{}", "size: is required (how many)"), ("{ size: many }", "size: must be of type int, is string"),
                           ("{ size: 1, sise: 2 }", "sise: is no setting of this plugin")):
            config = self.write("config.yaml", f"plugins:\n  each:\n    setting: {{ settings: {text} }}\n", header=False)
            done = self.troupe("node", "--config", config, "--plugin-path", built("setting"))
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(f"{config}:3:", done.stderr)
            self.assertIn(says, done.stderr)

    def test_preferences_that_say_nothing(self):
        """A plugin that is not there, a capability that it does not have: told with the place, and the node starts."""
        text = 'plugins:\n  prefer:\n    "tool:noop": stranger\n    "tool:nop": noop\n    "tool:noop ": noop\n    "tool:http": http\n'
        config = self.write("config.yaml", text, header=False)
        err = self.stop(self.node("--config", config))
        self.assertIn(f"{config}:3:18: warning: no plugin 'stranger' is among the paths", err)
        self.assertIn(f"{config}:4:5: warning: plugin 'noop' does not have the capability 'tool:nop', so this preference says nothing; "
                      "it has tool:noop", err)
        self.assertIn(f"{config}:5:5: warning: plugin 'noop'", err)
        self.assertNotIn(f"{config}:6:", err)

    def test_files_that_are_no_plugins(self):
        with open(built("missing"), "rb") as f:
            whole = f.read()
        for name, content in (("half.so", whole[:len(whole) // 2]), ("head.so", whole[:64]), ("text.so", b"hello\n"),
                              ("empty.so", b"")):
            with open(self.path(name), "wb") as f:
                f.write(content)
        self.start_without([self.path("half.so")], "half.so", "cut off")
        self.start_without([self.path("text.so")], "text.so is no ELF file; a plugin is a shared object (.so)")

    def test_into_a_running_node(self):
        """The same, live: the node performs on after each."""
        process = self.node("--plugin-path", built("replacer_1"))
        with open(built("missing"), "rb") as f:
            half = f.read()[:9000]
        with open(self.path("half.so"), "wb") as f:
            f.write(half)
        shutil.copy(__file__, self.path("text.so"))
        self.check_load(built("missing"), "missing depends on nobody >=1.0, which is not there", "load it first")
        self.check_load(built("old"), "old depends on noop >=99")
        self.check_load(built("cycle_a"), "cycle-a depends on cycle-b", "load it first")
        self.check_load(built("abi"), "ABI 99", "build it against this node's header")
        self.check_load(built("replacer_2"), "replacer-1 replaces already; unload one of them")
        self.check_load(built("setting"), "size: is required (how many)")
        self.check_load(self.path("half.so"), "half.so", "cut off")
        self.check_load(self.path("text.so"), "is no ELF file; a plugin is a shared object (.so)")
        self.check_load(self.path("nothing.so"), "does not exist; is the path right?")
        self.check_load(self.folder, "is not a regular file; name a shared object (.so)")
        listed = self.troupe("plugin", "list").stdout
        self.assertIn("replacer-1", listed)
        for gone in ("missing", "cycle-a", "replacer-2", "setting"):
            self.assertNotIn(gone, listed)
        self.stop(process)


if __name__ == "__main__":
    kit.main()
