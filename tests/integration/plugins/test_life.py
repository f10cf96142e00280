# SPDX-License-Identifier: Apache-2.0
"""A plugin from nothing to unloaded, in a node that performs playbooks all the while: written by `troupe plugin new`, built
outside the source tree against the installed library, loaded, used, upgraded with its counter kept, unloaded. The node is
never restarted and no command is lost: every execution is counted, and every one is a success."""
import json
import os
import re
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import kit  # noqa: E402

BACKGROUND = """
workflow:
  - step: spin
    loop: { in: "{{ range(40) | list }}", iterator: i, mode: parallel }
    tool: { kind: noop, result: "{{ iter.i * 2 }}" }
"""
COUNTS = """
workload: { n: 20 }
workflow:
  - step: count
    loop: { in: "{{ range(workload.n) | list }}", iterator: i, mode: %s }
    tool: { kind: counter, who: "number {{ iter.i }}" }
"""


class Life(kit.Case):
    def setUp(self):
        super().setUp()
        self.prefix = self.path("prefix")
        self.program = os.path.join(self.prefix, "bin/troupe")

    def sh(self, *args, code=0):
        done = subprocess.run(args, capture_output=True, text=True, timeout=600, cwd=self.folder, env=self.environment(),
                              check=False)
        self.assertEqual(done.returncode, code, f"{args}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def installed(self, *args, code=0):
        return self.sh(self.program, *args, code=code)

    def build(self, version):
        """The plugin as version `version`, in a folder of its own: build-1.1.0/counter.so."""
        file = self.path("counter/CMakeLists.txt")
        with open(file, encoding="utf-8") as f:
            text = f.read()
        with open(file, "w", encoding="utf-8") as f:
            f.write(re.sub(r"VERSION \d+\.\d+\.\d+", f"VERSION {version}", text, count=1))
        folder = self.path(f"build-{version}")
        self.sh("cmake", "-S", self.path("counter"), "-B", folder, f"-DCMAKE_PREFIX_PATH={self.prefix}")
        self.sh("cmake", "--build", folder)
        return os.path.join(folder, "counter.so")

    def node(self):
        process = subprocess.Popen([self.program, "node"], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=self.environment(), cwd=self.folder)
        self.addCleanup(self.reap, process)
        line = process.stdout.readline()
        self.assertTrue(line.startswith("ready: process "), line)
        return process

    def run_counts(self, n, mode="parallel"):
        """The results of a playbook that uses the plugin n times, in order of the iterations."""
        out = self.installed("run", self.write("counts.yaml", COUNTS % mode), "--set", f"n={n}", "--json")
        report = json.loads(out)
        self.assertEqual(report["status"], "success", out)
        step = report["steps"]["count"]
        self.assertEqual(step["status"], "success", out)
        return step["result"]["results"]

    def background(self):
        """Perform a playbook again and again until told to end; the number of executions, or what went wrong."""
        playbook = self.write("background.yaml", BACKGROUND)
        while not self.over.is_set():
            done = subprocess.run([self.program, "run", playbook, "--json"], capture_output=True, text=True, timeout=240,
                                  env=self.environment(), cwd=self.folder, check=False)
            if done.returncode != 0 or json.loads(done.stdout)["status"] != "success":
                self.troubles.append(done.stdout + done.stderr)
                return
            self.performed += 1

    def start_background(self):
        self.over, self.troubles, self.performed = threading.Event(), [], 0
        thread = threading.Thread(target=self.background)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.over.set)
        return thread

    def test_from_nothing_to_unloaded_without_a_restart(self):
        self.sh("cmake", "--install", os.environ["TROUPE_BUILD"], "--prefix", self.prefix)
        self.installed("plugin", "new", "counter", "--type", "handler", "--capability", "tool:counter")
        first = self.build("1.0.0")
        node = self.node()
        background = self.start_background()

        # Before it is there, its kind is refused; after it is loaded, the next execution uses it.
        refused = subprocess.run([self.program, "run", self.write("counts.yaml", COUNTS % "sequential")],
                                 capture_output=True, text=True, timeout=240, env=self.environment(), check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("no tool kind is called 'counter'", refused.stderr)
        self.installed("check", self.path("counts.yaml"), code=2)
        self.assertIn("loaded counter", self.installed("plugin", "load", first))
        self.installed("check", self.path("counts.yaml"))
        results = self.run_counts(20)
        self.assertEqual(sorted(r["count"] for r in results), list(range(1, 21)))
        self.assertEqual({r["version"] for r in results}, {"1.0.0"})

        # Upgraded while commands flow, 1,000 at the least: each is answered, the counter goes on, nothing is counted twice.
        second = self.build("1.1.0")
        flow, upgraded = [], threading.Event()
        thread = threading.Thread(target=self.count_until, args=(upgraded, flow))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(upgraded.set)
        self.wait_for_count(100)
        self.assertIn("upgraded counter from 1.0.0 to 1.1.0", self.installed("plugin", "upgrade", "counter", second))
        upgraded.set()
        thread.join()
        counts = [r["count"] for r in flow]
        self.assertGreaterEqual(len(counts), 1000)
        self.assertEqual(counts, list(range(21, 21 + len(counts))))
        versions = [r["version"] for r in flow]
        self.assertEqual(versions[0], "1.0.0")
        self.assertEqual(versions[-1], "1.1.0")
        self.assertEqual(versions, sorted(versions), "after the upgrade no command runs on the old version")

        # Unloaded: the kind is gone, the node goes on.
        info = json.loads(self.installed("plugin", "info", "counter", "--json"))
        self.assertEqual(info["version"], "1.1.0")
        self.assertEqual((info["commands"]["done"], info["commands"]["failed"], info["commands"]["crashed"]), (20 + len(flow), 0, 0))
        self.assertIn("unloaded counter", self.installed("plugin", "unload", "counter"))
        self.assertNotIn("counter", self.installed("plugin", "list"))

        self.over.set()
        background.join()
        self.assertEqual(self.troubles, [])
        self.assertGreater(self.performed, 0)
        self.assertIsNone(node.poll(), "the node has ended")
        node.terminate()
        out, err = node.communicate(timeout=240)
        self.assertEqual(node.returncode, 0, err)
        print(f"{self.performed} executions beside it, {20 + len(flow)} commands on the plugin: all succeeded, the node ran on")

    def test_what_there_is_to_read_is_installed(self):
        self.sh("cmake", "--install", os.environ["TROUPE_BUILD"], "--prefix", self.prefix)
        doc = os.path.join(self.prefix, "share/doc/troupe")
        with open(os.path.join(self.prefix, "share/troupe/playbook.schema.json"), encoding="utf-8") as f:
            self.assertIn("$schema", json.load(f))
        pages = [os.path.join(folder, name) for folder, _, names in os.walk(doc) for name in names if name.endswith(".md")]
        self.assertGreater(len(pages), 40)
        for page in pages:
            with open(page, encoding="utf-8") as f:
                links = re.findall(r"\]\(([\w./-]+\.(?:md|json|yaml|c|h))(?:#[\w-]*)?\)", f.read())
            for link in links:
                self.assertTrue(os.path.exists(os.path.join(os.path.dirname(page), link)), f"{page}: {link}")
        playbooks = [os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(doc, "examples/playbooks"))
                     for name in names if name.endswith(".yaml")]
        self.installed("check", *playbooks)

    def test_a_controller_of_each_kind_from_the_scaffold(self):
        self.sh("cmake", "--install", os.environ["TROUPE_BUILD"], "--prefix", self.prefix)
        for which in "iterator", "result", "workbook":
            name = f"my-{which}"
            self.installed("plugin", "new", name, "--type", "controller", "--capability", f"controller:{which}")
            self.assertIn("100% tests passed, 0 tests failed", self.installed("plugin", "test", name))
        config = self.write("config.yaml", json.dumps({"plugins": {
            "paths": [self.path("my-iterator/build/my-iterator.so")], "prefer": {"controller:iterator": "my-iterator"},
            "each": {"my-iterator": {"settings": {"window": 1}}}}}), header=False)
        self.installed("run", self.write("spin.yaml", BACKGROUND), "--config", config)
        order = [e["event_type"].split(".")[-1] for e in self.events()[0] if e["event_type"].startswith("loop.iteration.")]
        self.assertEqual(order, ["started", "done"] * 40)

    def test_other_capabilities_are_refused_of_a_controller(self):
        for more in ("--capability", "tool:x"), ("--capability", "controller:weather"):
            done = self.troupe("plugin", "new", "steward", "--type", "controller", *more)
            self.assertEqual(done.returncode, 2)
            self.assertIn("controller:iterator, controller:result or controller:workbook", done.stderr)
            self.assertFalse(os.path.exists(self.path("steward")))

    def count_until(self, over, results):
        """500 commands, again and again; the last of them begin after the event."""
        last = False
        while not last:
            last = over.is_set()
            results += self.run_counts(500, "sequential")

    def wait_for_count(self, n):
        """Until the plugin has performed n commands since it was loaded."""
        while True:
            info = json.loads(self.installed("plugin", "info", "counter", "--json"))
            if info["commands"]["done"] >= n:
                return


if __name__ == "__main__":
    kit.main()
