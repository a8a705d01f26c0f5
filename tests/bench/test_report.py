"""The report: what it says is what was measured, with everything that a figure hangs on."""

import os
import pathlib
import subprocess
import sys
import tempfile
import types
import unittest
import xml.etree.ElementTree

import made
from suite import charts, machine, plan, report, results

ENVIRONMENT = {
    "bench": "environment", "mode": "full", "seed": 7, "corpus": "hydrant gen", "rules": "hydrant gen",
    "version": "hydrant 0.1.0 (abc1234)", "commit": "abc1234", "suite_commit": "0123456789", "io": "io_uring",
    "cpu": {"model": "A Processor", "family": "25 1", "cores": 4, "flags": ["avx2", "bmi2"], "caches": {"L2": "2 MiB"}, "governor": "performance"},
    "memory_bytes": 8 * 2**30, "kernel": "6.1.0", "libc": "glibc 2.36", "distribution": "Debian 12",
    "compiler": {"c": "cc 12.2.0", "build": "Release", "flags": "-O3 -g1", "sanitizers": ""},
    "libraries": {"libhyperscan5": "5.4.0"}, "tools": {"grep": "grep 3.8", "jq": "jq-1.6"}, "hydrant_cpu": "avx2",
    "hydrant_io": None, "hydrant_dedup_data": "/data", "busy_cores_at_start": 0.05, "stolen_percent": 0.4, "transparent_huge_pages": "[madvise]",
}


def row(name, samples, bench="stages", unit="ns/post", **more):
    return results.result(bench, name, unit, samples, 7, **more)


def rows_of(*rows):
    return {each["name"]: each for each in rows}


class Case(unittest.TestCase):
    def report(self, rows, environment=None, failed=(), skipped=(), own=None):
        suite = types.SimpleNamespace(failed=list(failed), skipped=list(skipped), own=own, mode=plan.MODES["full"])
        with tempfile.TemporaryDirectory() as folder:
            return report.write(pathlib.Path(folder), {**ENVIRONMENT, **(environment or {})}, rows, suite).read_text()


class Figures(Case):
    def test_a_row_has_the_median_and_the_range(self):
        text = self.report(rows_of(row("stage/strict/match", [300.0, 120.0, 150.0]), row("memory/rule-pack", [3 * 2**20], "memory", "bytes")))
        self.assertIn("| stage/strict/match | 150 | ns/post | 120 .. 300 | 3 |", text)
        self.assertIn("| memory/rule-pack | 3.00 | MiB |  | 1 |", text)

    def test_a_result_is_the_median_of_its_samples(self):
        made_up = row("x", [5.0, 1.0, 2.0, 100.0])
        self.assertEqual((made_up["value"], made_up["min"], made_up["max"], made_up["mad"], made_up["n"]), (3.5, 1.0, 100.0, 2.0, 4))

    def test_the_pipelines_rows_say_of_how_many_posts(self):
        text = self.report(rows_of(row("pipeline/base", [1500.0, 1600.0], "throughput", posts=400000, bytes_per_post=773, patterns=10, matched_share=0.2,
                                       parse="fast"),
                                   row("pipeline/text-2480", [12000.0], "throughput", posts=10474, bytes_per_post=3115)))
        self.assertIn("| pipeline/base | 1,550 | 1,500 .. 1,600 | 400,000 | 773 | 2 |", text)
        self.assertIn("| pipeline/text-2480 | 12,000 | 12,000 .. 12,000 | 10,474 | 3,115 | 1 |", text)

    def test_other_tools_have_their_ratio_and_how_many_posts(self):
        more = {"ratio": 2.5, "ratio_min": 2.0, "ratio_max": 3.0, "label": "grep -c", "posts": 1000, "warm_posts": 500, "counted": 9,
                "reference": 9}
        text = self.report(rows_of(row("peers/grep-json", [2500.0], "peers", answers_checked=True, **more),
                                   row("peers/rg", [4000.0], "peers", answers_checked=False, **{**more, "label": "rg", "counted": 7}),
                                   row("peers/jq", [4500.0], "peers", answers_checked=False, **{**more, "label": "jq", "counted": None}),
                                   row("peers/hydrant-fast", [1000.0], "peers", ratio=1.0, ratio_min=1.0, ratio_max=1.0, label="hydrant")))
        self.assertIn("| grep -c | 2,500 | 2.50 | 2.00 .. 3.00 | 500 after 500 | checked |", text)
        self.assertIn("| rg | 4,000 | 2.50 | 2.00 .. 3.00 | 500 after 500 | 7 (reference 9) |", text)
        self.assertIn("| jq | 4,500 | 2.50 | 2.00 .. 3.00 | 500 after 500 | prints, does not count |", text)
        self.assertIn("| hydrant | 1,000 | 1.00 | 1.00 .. 1.00 | all | checked |", text)

    def test_every_result_of_a_run_is_in_its_report(self):
        _, rows, _ = results.load(made.FULL_RUN)
        text = self.report(rows)
        for name, each in rows.items():
            self.assertIn(f"| {each.get('label', name)} | ", text)


class Headline(Case):
    def headline(self, mode="full"):
        _, rows, _ = results.load(made.FULL_RUN)
        return self.report(rows, {"mode": mode}).partition("## Beside")[0]

    def test_it_says_what_was_measured(self):
        text = self.headline()
        for part in ("**1,607 ns of CPU a post** with everything on (about 622,000 posts a second of one core), 20 % of posts match, "
                     "10,306 patterns; 1,532 with `--parse strict`",
                     "**2.14 times less CPU than `LC_ALL=C grep -c -F -i -f`** with the same phrases on the same posts (2.02 to 2.19 over the "
                     "rounds); 0.67 times where somebody else has taken the texts out",
                     "at 500,000 posts a second, 1,999 µs to an item (median), 11,665 µs for 99 %",
                     "at 10,000 posts a second, 57.9 µs to an item (median), 176 µs for 99 %"):
            self.assertIn(part, text)

    def test_quick_and_tiny_runs_say_so(self):
        self.assertIn("A quick run is for a look.", self.headline("quick"))
        self.assertIn("Its figures mean nothing.", self.headline("tiny"))
        self.assertNotIn("A quick run", self.headline())

    def test_what_took_next_to_no_time_is_none(self):
        _, rows, _ = results.load(made.FULL_RUN)
        text = self.report({"pipeline/base": {**rows["pipeline/base"], "posts": 2000}})
        self.assertNotIn("of CPU a post** with", text)
        self.assertIn("- 2,000 posts are too few for a figure here: they take 0.003 s of CPU, 0.1 are needed", text)

    def test_a_run_of_one_bench_has_none(self):
        self.assertTrue(self.report(rows_of(row("stage/strict/match", [1.0]))).startswith("# hydrant bench, full\n\n\n## Stage by stage"))


class Told(Case):
    def test_what_failed_is_told_first(self):
        text = self.report(rows_of(row("stage/strict/match", [1.0])), failed=[("peers", "no grep"), ("gen", "1 of 2 posts were made")])
        self.assertIn("**Failed, and therefore not shown:**\n\n- peers: no grep\n- gen: 1 of 2 posts were made\n", text)
        self.assertLess(text.index("Failed"), text.index("## Stage"))
        self.assertNotIn("Failed", self.report({}))

    def test_what_was_left_out_is_told(self):
        self.assertIn("Left out:\n\n- peer jq: jq is not installed\n", self.report({}, skipped=[("peer jq", "jq is not installed")]))

    def test_records_without_a_post_are_told_before_the_figures(self):
        own = types.SimpleNamespace(left_out={"no_text": 1900}, records=2000, made="mine.ndjson", published=0)
        for mode in ("tiny", "full"):
            text = self.report({}, {"mode": mode}, own=own)
            self.assertIn("no post can be read in 1,900 of the 2,000 records of mine.ndjson (no_text 1,900)", text)
            self.assertIn("The rules publish none of the posts", text)

    def test_everything_that_a_figure_hangs_on(self):
        text = self.report({}).partition("## Where and with what")[2]
        for fact in ("A Processor (family and model 25 1), 4 cores (avx2 bmi2), 8 GiB, caches L2 2 MiB", "Debian 12, Linux 6.1.0, glibc 2.36", "cc 12.2.0, Release `-O3 -g1`",
                     "libhyperscan5 5.4.0", "grep 3.8; jq-1.6", "hydrant 0.1.0 (abc1234) at commit abc1234; these scripts at 0123456789",
                     "files are read by io_uring", "transparent huge pages: [madvise]", "governor: performance", "HYDRANT_CPU=avx2",
                     "HYDRANT_DEDUP_DATA=/data", "posts: hydrant gen; seed 7; 0.05 cores busy when it began, 0.4 % of the cores' time taken by the host meanwhile"):
            self.assertIn(fact, text)
        self.assertNotIn("HYDRANT_IO=", text)
        self.assertIn("**sanitizers: address**", self.report({}, {"compiler": {**ENVIRONMENT["compiler"], "sanitizers": "address"}}))

    def test_own_posts_and_rules_are_named(self):
        text = self.report({}, {"corpus": "/p.ndjson", "corpus_bytes": 1234, "corpus_sha256": "ab" * 32, "rules": "/r", "rules_pack": "fe"})
        self.assertIn("posts: /p.ndjson (1,234 bytes, sha256 abababababababab), rules: /r (pack fe); seed 7", text)

    def test_a_rate_that_was_not_kept_is_marked(self):
        rows = rows_of(*(row(f"{kind}/{rate}/{share}", [9.0], "latency", "us") for kind in ("latency", "latency-lag", "latency-reload")
                         for rate in (500000, 100000) for share in ("p50", "p99")))
        self.assertNotIn("not kept", self.report(rows))
        rows["latency-sent/500000"] = row("latency-sent/500000", [401234.0, 411234.0], "latency", "posts/s")
        rows["latency-sent/100000"] = row("latency-sent/100000", [99900.0], "latency", "posts/s")
        text = self.report(rows)
        self.assertIn("- at 500,000 posts a second (not kept: 406,234 were sent), 9.00 µs", text)
        self.assertIn("- at 100,000 posts a second, 9.00 µs", text)
        for name in ("latency/500000/p50", "latency-lag/500000/p99", "latency-sent/500000"):
            self.assertIn(f"| {name} (rate not kept: 406,234 posts/s were sent) | ", text)
        for name in ("latency/100000/p50", "latency-reload/500000/p50"):
            self.assertIn(f"| {name} | ", text)

    def test_how_the_sender_waited_is_told(self):
        rows = {"latency/100000/p50": row("latency/100000/p50", [9.0], "latency", "us")}
        self.assertNotIn("The sender spun", self.report(rows))
        for pause, words in ((0.0, "The sender spun until"), (50.0, "the sender slept 50 µs or more between two writes")):
            told = row("latency-sender/pause", [pause], "latency", "pause us")
            self.assertIn(words, self.report({**rows, "latency-sender/pause": told}))

    def test_the_kernels_threads_are_told_where_there_are_any(self):
        rows = rows_of(row("stage/strict/match", [1.0]))
        self.assertIn("the kernel's own threads", self.report(rows))
        self.assertNotIn("the kernel's own threads", self.report(rows, {"io": "read"}))


class Plots(Case):
    def test_all_are_drawn_and_a_bar_is_as_long_as_its_figure(self):
        _, rows, _ = results.load(made.FULL_RUN)
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(set(charts.draw(pathlib.Path(folder), rows)), set(charts.ALL))
            for name in charts.ALL:
                xml.etree.ElementTree.parse(f"{folder}/{name}.svg")
            self.assertIn(">1,832<", pathlib.Path(folder, "stages.svg").read_text())
            self.assertNotIn("one thing", pathlib.Path(folder, "stages-by-axis.svg").read_text())
            self.assertIn(">1,607<", pathlib.Path(folder, "stages-by-axis.svg").read_text())

    def test_one_worker_is_no_scaling(self):
        self.assertFalse(charts.scaling(rows_of(row("workers/1", [1.0], "workers", "posts/s", workers=1)), None))


class Environment(Case):
    """With a program in place of hydrant."""

    def environment(self, own=None, **settings):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        program = pathlib.Path(folder.name) / "tools" / "hydrant"
        program.parent.mkdir()
        program.write_text("#!/bin/sh\ncase $1 in --version) echo 'hydrant 0.1.0 (abc1234)';; *) echo '{\"io\":\"read\",\"x\":1}' >&2;; esac\n")
        program.chmod(0o755)
        kept = dict(os.environ)
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(kept)))
        os.environ.update(settings)
        return machine.environment(pathlib.Path(folder.name), 7, "full", own)

    def test_the_commit_is_the_programs(self):
        found = self.environment()
        self.assertEqual((found["commit"], found["version"]), ("abc1234", "hydrant 0.1.0 (abc1234)"))
        head = subprocess.run(["git", "-C", str(made.BENCH), "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
        self.assertEqual((found["suite_commit"] or "").removesuffix("+changes"), head)

    def test_the_io_path_and_what_is_set(self):
        found = self.environment(HYDRANT_CPU="scalar", HYDRANT_DEDUP_DATA="/data", HYDRANT_IO="read")
        self.assertEqual((found["io"], found["hydrant_cpu"], found["hydrant_dedup_data"], found["hydrant_io"]), ("read", "scalar", "/data", "read"))

    def test_what_else_the_machine_does(self):
        seconds = machine.processor_time()
        self.assertTrue(0 <= self.environment()["busy_cores_at_start"] <= os.cpu_count() * 1.1)
        spinning = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        self.addCleanup(spinning.wait)
        self.addCleanup(spinning.kill)
        self.assertGreater(machine.busy_cores(1), 0.3)
        self.assertGreater(machine.processor_time()[0], seconds[0])
        self.assertTrue(0 <= machine.Stolen().percent() <= 100)

    def test_own_posts_and_rules(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"abc")
            file.flush()
            own = types.SimpleNamespace(made=file.name, posts=pathlib.Path(file.name), rules=pathlib.Path("rules"), bytes=3, pack="fe", left_out={})
            found = self.environment(own)
        self.assertEqual((found["corpus"], found["corpus_bytes"], found["rules_pack"]), (file.name, 3, "fe"))
        self.assertTrue(found["corpus_sha256"].startswith("ba7816bf8f01cfea"))
        self.assertEqual(found["rules"], str(pathlib.Path("rules").resolve()))


if __name__ == "__main__":
    unittest.main()
