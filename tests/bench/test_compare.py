"""bench/compare: no silence about what became 25 % slower, few alarms between runs of the same thing, and
what differs between two runs is told."""

import json
import math
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import unittest

import made
from suite import results, significance


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def compare(self, a, b, *options):
        """(exit code, stdout, stderr) of two lists of rows, or of lines as they stand."""
        places = []
        for name, rows in (("a", a), ("b", b)):
            path = self.folder / f"{name}.jsonl"
            path.write_text(rows) if isinstance(rows, str) else made.write(path, rows)
            places.append(path)
        return made.run("compare", *places, *options)

    def verdicts(self, a, b, *options):
        """(exit code, {name: verdict}) of what is not the same."""
        code, out, err = self.compare(a, b, "--json", *options)
        self.assertEqual(err, "")
        return code, {row["name"]: row["verdict"] for row in map(json.loads, out.splitlines())}


class Interval(unittest.TestCase):
    def test_one_lies_outside_exactly_where_the_exact_test_says_different(self):
        """Tables of Mann and Whitney: the greatest U that is significant at 1 %, two-sided."""
        for n, m, u in ((5, 5, 0), (5, 6, 1), (6, 6, 2), (7, 7, 4), (8, 8, 7), (9, 9, 11), (10, 10, 16), (12, 12, 27),
                        (15, 15, 51), (20, 20, 105)):
            self.assertEqual(significance.left_out(n, m), u, (n, m))

    def test_the_approximation_continues_the_exact_numbers(self):
        exact = significance.left_out(20, 20)
        limit, significance.EXACT_MAX = significance.EXACT_MAX, 0
        try:
            self.assertAlmostEqual(significance.left_out.__wrapped__(20, 20), exact, delta=2)
        finally:
            significance.EXACT_MAX = limit

    def test_five_samples_are_enough_and_four_are_not(self):
        self.assertTrue(significance.enough(5, 5))
        self.assertFalse(significance.enough(4, 5))
        self.assertFalse(significance.enough(0, 5))

    def test_the_ratio_is_the_median_of_all(self):
        self.assertEqual(significance.ratio([1.0, 2.0], [2.0, 4.0]), (2.0, 1.0, 4.0))
        self.assertEqual(significance.ratio([0.0], [50.0])[0], math.inf)
        self.assertEqual(significance.ratio([0.0], [0.0])[0], 1.0)

    def test_equal_samples_do_not_hide_a_change(self):
        _, low, _ = significance.ratio([46.6, 46.6, 47.1, 46.6, 42.5], [139.8, 139.8, 141.3, 139.8, 127.5])
        self.assertGreater(low, 1)


class Regressions(Case):
    def test_25_percent_and_more_is_told(self):
        rows = made.full_run()
        for start, factor in (("pipeline/base", 1.25), ("pipeline/base", 1.6), ("pipeline", 1.25), ("stage/", 1.25),
                              ("round trip/32 B/ring sleep p50", 3), ("latency/100000/p50", 10), ("startup", 1.25),
                              ("compile", 3), ("gen", 1 / 3), ("peers", 1.25), ("workers", 0.75), ("dedup/bytes", 1.25)):
            with self.subTest(start=start, factor=factor):
                code, told = self.verdicts(rows, made.scaled(rows, start, factor))
                names = {row["name"] for row in rows if row.get("name", "").startswith(start)}
                self.assertEqual(set(told), names)
                self.assertEqual(set(told.values()) - {"unclear"}, {"worse"})
                self.assertEqual(code, 1)

    def test_what_overlaps_is_unclear_and_not_same(self):
        rows = made.full_run()
        code, told = self.verdicts(rows, made.scaled(rows, "latency/100000/", 10))
        self.assertEqual(len(told), 5)
        self.assertEqual(set(told.values()), {"worse", "unclear"})
        self.assertEqual(code, 1)

    def test_faster_is_better(self):
        rows = made.full_run()
        code, told = self.verdicts(rows, made.scaled(rows, "pipeline/", 0.7))
        self.assertEqual((code, set(told.values())), (0, {"better"}))

    def test_few_samples_that_lie_apart_are_shown_as_what_they_are(self):
        def row(samples):
            return [{"bench": "x", "name": "x", "unit": "ms", "samples": samples}]
        for a, b, verdict in (([1.0, 1.1, 1.2], [10.0, 11.0, 12.0], "worse"), ([1.0, 1.01, 1.02], [1.1, 1.11, 1.12], "too few samples"),
                              ([1.0], [10.0], "too few samples"), ([1.0, 9.0, 1.0], [5.0, 2.0, 6.0], "unclear")):
            code, told = self.verdicts(row(a), row(b))
            self.assertEqual((code, told), (int(verdict == "worse"), {"x": verdict}), (a, b))

    def test_the_least_change_can_be_chosen(self):
        rows = made.full_run()
        slower = made.scaled(rows, "stage/", 1.04)
        self.assertEqual(self.verdicts(rows, slower), (0, {}))
        code, told = self.verdicts(rows, slower, "--min", "2")
        self.assertEqual(code, 1)
        self.assertGreater(len(told), 5)


class FalseAlarms(Case):
    def test_a_run_is_like_itself(self):
        rows = made.full_run()
        self.assertEqual(self.verdicts(rows, rows), (0, {}))

    def test_the_hosts_drift_is_told(self):
        """Counted from one half of a run to the other, in the order of the rounds."""
        def rows(drift):
            return [{"bench": "x", "name": f"x{i}", "unit": "ns", "samples": [100.0 + n % 3 + (drift if n >= 5 and i else 0) for n in range(10)]}
                    for i in range(3)] + [{"bench": "x", "name": "few", "unit": "ns", "samples": [1.0, 1.0, 1.0, 1.0, 9.0, 9.0, 9.0]}]
        code, out, _ = self.compare(rows(0), rows(20))
        self.assertRegex(out, "note: results that differ between the first and the second half of one and the same run: 0 of 3 in .*a.jsonl, "
                         "2 of 3 in .*b.jsonl")
        self.assertNotIn("of one and the same run", self.compare(rows(0)[-1:], rows(0)[-1:])[1])

    def test_halves_of_the_same_samples_give_few(self):
        """Samples of a full run dealt out anew: what is called changed then is chance."""
        deal, compare, alarms, compared = random.Random(1), made.script("compare"), 0, 0
        for row in made.full_run():
            pool = row.get("samples", [])
            for _ in range(10 if len(pool) >= 10 else 0):
                deal.shuffle(pool)
                half = len(pool) // 2
                found = compare.compare_one(row["name"], dict(row, samples=pool[:half]), dict(row, samples=pool[half:]), 5.0)
                alarms += found["verdict"] in ("worse", "better", "changed")
                compared += 1
        self.assertGreater(compared, 500)
        self.assertLess(alarms, compared / 100)


class Quality(Case):
    def test_lost_quality_is_worse(self):
        rows = made.full_run()
        for name, value in (("dedup/templates-merged", 50), ("dedup/linked-elsewhere-10M", 5000), ("dedup/recall-10M", 0.92),
                            ("dedup/bytes-10M", 170)):
            changed = [dict(row, samples=[value]) if row.get("name") == name else row for row in rows]
            self.assertEqual(self.verdicts(rows, changed), (1, {name: "worse"}))
            self.assertEqual(self.verdicts(changed, rows), (0, {name: "better"}))

    def test_a_count_is_neither(self):
        self.assertIsNone(results.lower_is_better("reloads"))
        for unit in ("ns/post", "us", "ms", "s", "bytes", "bytes/post", "%", "posts"):
            self.assertTrue(results.lower_is_better(unit), unit)
        for unit in ("posts/s", "ratio"):
            self.assertFalse(results.lower_is_better(unit), unit)


class Missing(Case):
    def test_a_result_that_is_gone_is_told_and_fails(self):
        rows = made.full_run()
        without = [row for row in rows if row.get("name") != "pipeline/base"]
        code, out, _ = self.compare(rows, without)
        self.assertEqual(code, 1)
        self.assertIn("1 missing", out)
        self.assertRegex(out, "missing in .*: pipeline/base")
        self.assertEqual(self.verdicts(rows, without), (1, {"pipeline/base": "missing"}))

    def test_a_bench_that_was_not_run_is_only_told(self):
        rows = made.full_run()
        without = [row for row in rows if row.get("bench") != "ring"]
        code, out, _ = self.compare(rows, without)
        self.assertEqual(code, 0)
        self.assertRegex(out, "only in .*a.jsonl: ring/1024 B/bare ring, ")
        self.assertRegex(self.compare(without, rows)[1], "only in .*b.jsonl: ring/")

    def test_reloads_are_a_part_of_their_own(self):
        rows = made.full_run()
        reloads = [row for row in rows if row.get("name", "").startswith("latency-reload")]
        others = [row for row in rows if row not in reloads]
        code, out, _ = self.compare(rows, others)
        self.assertEqual(code, 0)
        self.assertRegex(out, "only in .*a.jsonl: latency-reload")
        self.assertEqual(self.compare(rows, [*others, *reloads[1:]])[0], 1)

    def test_what_was_skipped_with_a_reason_is_only_told(self):
        rows = made.full_run()
        without = [row for row in rows if not row.get("name", "").startswith("peers/rg")]
        gone = [row["name"] for row in rows if row.get("name", "").startswith("peers/rg")]
        skipped = [{"bench": "skipped", "name": name, "why": "rg is not installed"} for name in gone]
        self.assertEqual(self.compare(rows, without)[0], 1)
        code, out, err = self.compare(rows, [*without, *skipped])
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, f"\nskipped in .*b.jsonl: {gone[0]}: rg is not installed")
        self.assertEqual(self.verdicts(rows, [*without, *skipped]), (0, {}))
        self.assertRegex(self.compare([*without, *skipped], rows)[1], "\nskipped in .*a.jsonl: peers/rg")

    def test_what_failed_is_told_and_fails(self):
        rows = made.full_run()
        failed = [*rows, {"bench": "failed", "name": "peers", "why": "no grep"}]
        code, out, _ = self.compare(rows, failed)
        self.assertEqual(code, 1)
        self.assertRegex(out, "failed in .*b.jsonl: peers: no grep")
        self.assertEqual(self.compare(failed, failed)[0], 0)


class Differences(Case):
    def test_every_fact_that_differs_is_told(self):
        rows = made.full_run()
        other = json.loads(json.dumps(rows))
        other[0].update(kernel="5.0", commit="abc", transparent_huge_pages="never", hydrant_cpu="scalar", io="read",
                        corpus="mine.ndjson", rules="mine", seed=2, mode="quick")
        other[0]["cpu"].update(governor="powersave", flags=["avx2"], model="another", cores=64)
        other[0]["libraries"]["libc6"] = "2.99"
        code, out, _ = self.compare(rows, other)
        self.assertEqual(code, 0)
        for fact in ("kernel", "commit", "transparent huge pages", "hydrant cpu", "io", "corpus", "rules", "seed", "mode",
                     "cpu governor", "cpu flags", "cpu model", "cpu cores", "libraries libc6"):
            self.assertIn(f"note: {fact} differs: ", out)
        self.assertIn("io differs: nothing and read", out)
        self.assertNotIn("busy cores", out)

    def test_a_machine_that_was_busy_is_told(self):
        rows = made.full_run()
        busy = [dict(rows[0], busy_cores_at_start=0.3), *rows[1:]]
        self.assertIn("not idle when they began: 0.05 and 0.3 cores busy", self.compare(rows, busy)[1])
        idle = [dict(rows[0], busy_cores_at_start=0.2), *rows[1:]]
        self.assertNotIn("busy", self.compare(rows, idle)[1])

    def test_a_host_that_took_cores_away_is_told(self):
        rows = made.full_run()
        robbed = [dict(rows[0], stolen_percent=1.5), *rows[1:]]
        self.assertIn("the host took of the cores' time for others: 0.4 and 1.5 %", self.compare(rows, robbed)[1])
        self.assertNotIn("the host took of the cores'", self.compare(rows, rows)[1])

    def test_conditions_of_single_results_are_told(self):
        rows = made.full_run()
        other = [dict(row, io="read", parse="strict") if row.get("name") == "pipeline/base" else row for row in rows]
        out = self.compare(rows, other)[1]
        self.assertIn("note: io differs: io_uring and read, in pipeline/base", out)
        self.assertIn("note: parse differs: fast and strict, in pipeline/base", out)

    def test_what_is_in_another_unit_is_not_compared(self):
        rows = made.full_run()
        other = [dict(row, unit="us/post") if row.get("name") == "pipeline/base" else row for row in rows]
        code, out, _ = self.compare(rows, other, "--all")
        self.assertEqual(code, 0)
        self.assertIn("pipeline/base is not compared: it is in ns/post and in us/post", out)
        self.assertNotIn("pipeline/base  ", out)

    def test_how_much_is_the_machines_is_told(self):
        rows = made.full_run()
        self.assertIn("took 1.20 times as long in B (1.20 to 1.20)",
                      self.compare(rows, made.scaled(made.scaled(rows, "limits/", 1.2), "peers/", 1.2))[1])


class Refusals(Case):
    def test_what_is_no_run_is_refused_with_code_2(self):
        good = made.FULL_RUN.read_text()
        whole = json.dumps(made.full_run()[1])
        for line in ("[1,2]", "null", "7", '"x"', '{"name":"x","unit":"ns"}', '{"name":"x","unit":"ns","samples":[]}',
                     '{"name":"x","samples":[1]}', '{"name":"x","unit":"ns","samples":["1"]}', '{"unit":"ns","samples":[1]}',
                     '{"name":"x","unit":"ns","samples":[NaN]}', '{"name":"x","unit":"ns","samples":[-1]}', whole[:-20]):
            for a, b in ((good, good + line + "\n"), (good + line + "\n", good)):
                code, out, err = self.compare(a, b)
                self.assertEqual((code, out), (2, ""), line)
                self.assertRegex(err, r"these are no results of bench/run: line 228: ")
        self.assertEqual(self.compare(good, "")[0], 2)
        self.assertEqual(self.compare(good, '{"bench":"x","name":"another","unit":"ns","samples":[1]}\n')[0], 2)

    def test_no_file_is_refused_with_code_2(self):
        code, _, err = made.run("compare", made.FULL_RUN, self.folder / "none")
        self.assertEqual(code, 2)
        self.assertIn("No such file", err)
        (self.folder / "binary").write_bytes(b"\xbd\xff\x00")
        self.assertEqual(made.run("compare", made.FULL_RUN, self.folder / "binary")[0], 2)

    def test_what_nobody_thought_of_is_not_taken_for_worse(self):
        rows = made.full_run()
        self.assertEqual(self.compare(rows, [dict(rows[0], busy_cores_at_start="5"), *rows[1:]])[0], 2)

    def test_a_run_without_an_environment_is_compared(self):
        rows = made.full_run()
        code, out, _ = self.compare(rows, rows[1:])
        self.assertEqual(code, 0)
        self.assertIn("note: one run does not say where it was made", out)

    def test_a_reader_that_has_seen_enough_is_no_error(self):
        read, write = os.pipe()
        os.close(read)
        with os.fdopen(write, "wb") as out:
            done = subprocess.run([made.BENCH / "compare", made.FULL_RUN, made.FULL_RUN, "--all"], stdout=out,
                                  stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual(done.returncode, -signal.SIGPIPE)
        self.assertEqual(done.stderr, b"")


if __name__ == "__main__":
    unittest.main()
