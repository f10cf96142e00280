# SPDX-License-Identifier: Apache-2.0
"""Size: a chain of 10,000 steps and a parallel loop of 100,000 iterations end, and every one of them happened."""
import kit


class Scale(kit.Case):
    def test_a_chain_of_10000_steps(self):
        n = 10000
        steps = []
        for i in range(n):
            steps.append(f"  - step: s{i}\n    tool: {{ kind: noop, result: {i} }}\n")
            if i + 1 < n:
                steps.append(f"    next: s{i + 1}\n")
        out = self.run_json(self.write("chain.yaml", "workflow:\n" + "".join(steps)))
        self.assertEqual(out["status"], "success")
        self.assertEqual(len(out["steps"]), n)
        self.assertTrue(all(s["runs"] == 1 and s["status"] == "success" for s in out["steps"].values()))
        self.assertEqual(out["result"], n - 1)

    def test_a_parallel_loop_of_100000_iterations(self):
        n = 100000
        out = self.run_json(self.write("loop.yaml", f"""
            workflow:
              - step: many
                loop: {{ in: "{{{{ range({n}) }}}}", iterator: i, spec: {{ mode: parallel, max_in_flight: 1000 }} }}
                tool:
                  - one: {{ kind: noop, result: "{{{{ iter.i }}}}", eval: [ {{ else: {{ do: continue, set_shared: {{ total: {{ add: "{{{{ iter.i }}}}" }} }} }} }} ] }}
                next:
                  - {{ step: sum }}
              - step: sum
                tool:
                  - total: {{ kind: noop, result: "{{{{ many.stats }}}}" }}
            """))
        self.assertEqual(out["status"], "success")
        self.assertEqual(out["steps"]["sum"]["result"], {"total": n, "success": n, "failed": 0})


kit.main()
