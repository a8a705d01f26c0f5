"""bench/run: what fails is told and the rest goes on; what cannot be benched is refused."""

import dataclasses
import json
import os
import pathlib
import signal
import tempfile
import time
import types
import unittest

import made
from suite import console, corpora, measure, peers, pipeline, plan, programs, report, results

RUN = made.script("run")


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        said, self.said = console.say, []
        console.say = lambda text="": self.said.append(text)
        self.addCleanup(setattr, console, "say", said)

    def suite(self, mode="tiny"):
        """A suite without a build, whose results go to a file of the test's."""
        writer = results.Writer(self.folder / "results.jsonl")
        self.addCleanup(writer.close)
        return plan.Plan(plan.MODES[mode], self.folder, 1, writer, own=types.SimpleNamespace())

    def command(self, name, text):
        """A program of the test's."""
        path = self.folder / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return path


class Commands(Case):
    def refused(self, words, *arguments):
        code, out, err = made.run("run", *arguments)
        self.assertEqual((code, out), (2, ""), err)
        self.assertIn(words, err)
        self.assertNotIn("Traceback", err)

    def test_what_cannot_be_meant_is_refused(self):
        self.refused("full and full: one of them, please", "full", "full")
        self.refused("quick and full: one of them", "quick", "full", "gen")
        file = self.folder / "file"
        file.write_text("")
        for option in ("--out", "--cache"):
            self.refused(f"{option}: {file}: it is no folder", option, file, "--build", self.folder, "gen")
            self.refused(f"{option}: {file}/x: Not a directory", option, f"{file}/x", "--build", self.folder, "gen")

    def test_a_report_of_an_older_run_does_not_stand_beside_new_results(self):
        for name in ("report.md", "latency.svg", "mine.txt"):
            (self.folder / name).write_text("")
        RUN.remove_old(self.folder)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["mine.txt"])

    def test_what_a_stopped_run_had_started_is_stopped(self):
        program = self.command("slow", f"trap 'echo ended >{self.folder}/told; exit 1' TERM\n: >{self.folder}/begun\n"
                               "while :; do sleep 0.02; done\n")

        def stopped_while_waiting(*_):
            while not (self.folder / "begun").exists():
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(60)  # the signal ends it
        self.addCleanup(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, RUN.stop))
        self.addCleanup(setattr, os, "wait4", os.wait4)
        os.wait4 = stopped_while_waiting
        with self.assertRaises(KeyboardInterrupt):
            measure.run([str(program)], keep_output=False)
        self.assertEqual((self.folder / "told").read_text(), "ended\n")


class Failures(Case):
    def fails(self, problem):
        def part(_):
            raise problem
        kept = RUN.SCRIPTED["gen"]
        RUN.SCRIPTED["gen"] = (part, "")
        self.addCleanup(RUN.SCRIPTED.__setitem__, "gen", kept)
        suite = self.suite()
        RUN.run_one(suite, "gen")
        return suite

    def test_a_part_that_fails_is_told_and_recorded(self):
        suite = self.fails(measure.Failed("it did not end well"))
        self.assertEqual(suite.failed, [("gen", "it did not end well")])
        self.assertEqual(results.load(self.folder / "results.jsonl")[2], {"gen": "it did not end well"})

    def test_so_is_what_nobody_thought_of(self):
        self.assertEqual(self.fails(KeyError("hits")).failed, [("gen", "KeyError: 'hits'")])

    def test_a_command_that_fails_ends_its_part_only(self):
        with self.assertRaisesRegex(measure.Failed, "sh -c .*: no such rules"):
            command = ["sh", "-c", "echo no such rules >&2; exit 1"]
            measure.must(measure.run(command), command)

    def test_the_line_that_tells_is_shown(self):
        for err, code, told in (("Error: bad JSON\n    at line 1\n\nNode.js v20.20.2\n", 1, "Error: bad JSON"),
                                ("x: warning: this is gzip\n{\"posts\":0}\n", 1, "x: warning: this is gzip"),
                                ("a\nlast words\n", 2, "last words"), ("", 3, "exit code 3"), ("", -11, "ended by signal 11"),
                                ("b: wrong answer: 1, not 2\nb: 1 of 3 checks failed\n", 1, "b: wrong answer: 1, not 2")):
            self.assertEqual(measure.what_it_said(measure.Run(code, "", err, 0, 0, 0)), told)


class PeersThatFail(Case):
    def peer(self, needs, text, count=int):
        return peers.Peer(needs, needs, [str(self.command(needs, text))], "json", 1000, count=count)

    def test_only_grep_and_ripgrep_end_with_1_where_nothing_matches(self):
        for needs in ("grep", "rg"):
            self.assertEqual(peers.once(self.peer(needs, "echo 0; exit 1"), "/dev/null").code, 1)
            with self.assertRaisesRegex(measure.Failed, "no such file"):
                peers.once(self.peer(needs, "echo no such file >&2; exit 2"), "/dev/null")
        for needs in ("node", "python3", "jq"):
            with self.assertRaisesRegex(measure.Failed, "SyntaxError: bad JSON"):
                peers.once(self.peer(needs, "echo SyntaxError: bad JSON >&2; exit 1"), "/dev/null")

    def test_what_is_no_count_is_a_failure(self):
        def hits(out):
            return json.loads(out)["hits"]
        for text, count in (("", hits), ("null", hits), ("{}", hits), ("many", int)):
            with self.assertRaisesRegex(measure.Failed, "it prints no count"):
                peers.count_of(self.peer("node", "", count), text)
        self.assertEqual(peers.count_of(self.peer("rg", ""), ""), 0)
        self.assertEqual(peers.count_of(self.peer("node", "", hits), '{"posts":2,"hits":1}\n'), 1)


STATS = {"posts": 0, "matched": 1, "published": 1, "pack": "p", "dropped": {"no_match": 0, "not_json": 0, "no_text": 0}}


class OwnPosts(Case):
    """With a program in place of hydrant, that says of the posts what the test lays down."""

    def own(self, posts, stats, items=(), code=0, words=""):
        path = self.folder / "posts.ndjson"
        path.write_bytes(posts)
        (self.folder / "rules.yaml").write_text("")
        (self.folder / "items").write_text("".join(json.dumps(item) + "\n" for item in items))
        (self.folder / "stats").write_text(words + (json.dumps({**STATS, **stats}) if stats is not None else "") + "\n")
        hydrant = self.command("hydrant", f'case "$*" in *"--emit all"*) cat {self.folder}/items;; *) cat {self.folder}/stats >&2;; '
                               f"esac; exit {code}\n")
        return corpora.own(hydrant, path, self.folder / "rules.yaml", self.folder)

    def refused(self, why, *arguments, **more):
        with self.assertRaisesRegex(measure.Failed, why):
            self.own(*arguments, **more)

    def test_good_posts_are_taken_as_they_are(self):
        own = self.own(b'{"a":1}\n{"b":2}', {"posts": 2})
        self.assertEqual((own.posts.name, own.count, own.left_out, own.records), ("posts.ndjson", 2, {}, 2))
        self.assertEqual(report.about_posts(own), [])

    def test_records_without_a_post_are_left_out_and_told(self):
        def mention(dropped=None):
            return {"event": "mention", "dropped": dropped}
        own = self.own(b'{"a":1}\r\n\n   \n{"b":2}\n{"c":3}\n{"d":4}', {"posts": 5, "dropped": {"no_match": 1, "not_json": 1, "no_text": 2}},
                       [mention(), mention("not_json"), {"event": "update"}, mention("no_text"), mention("no_match"), mention("no_text")])
        self.assertEqual(own.posts.read_bytes(), b'{"a":1}\n{"c":3}\n')
        self.assertEqual((own.count, own.records, own.left_out), (2, 5, {"not_json": 1, "no_text": 2}))
        self.assertEqual(report.about_posts(own), [
            f"- **Of your own posts, no post can be read in 3 of the 5 records of {self.folder}/posts.ndjson (no_text 2, not_json 1): every "
            "figure leaves them out.**"])

    def test_rules_that_publish_nothing_are_told(self):
        own = self.own(b"{}\n", {"posts": 1, "published": 0})
        self.assertIn("The rules publish none of the posts", report.about_posts(own)[0])
        suite = self.suite()
        suite.own = own
        (self.folder / "bench").mkdir()
        suite.program("latency").write_text("")
        programs.run(suite, "latency", ["--reload"])
        self.assertEqual(suite.skipped, [("latency --reload", "the rules publish none of the posts: there is no item to wait for")])
        self.assertEqual(suite.failed, [])

    def test_what_cannot_be_benched_is_refused_with_the_reason(self):
        self.refused("none of its 2 records holds a post that can be read: no_text 2", b"{}\n{}\n", {"posts": 2, "dropped": {"no_text": 2}}, code=1)
        self.refused("there are no posts in it .*this is gzip", b"\x1f\x8b", {"posts": 0}, words="warning: this is gzip\n")
        self.refused("300 records in 1 lines, 0 of them JSON objects.*jq -c", b"[{},{}]", {"posts": 300})
        self.refused("2 records in 2 lines, 0 of them JSON objects", b"no signal\nhere\n", {"posts": 2})
        self.refused("rules.yaml:3: error: no such macro", b"{}\n", None, words="rules.yaml:3: error: no such macro\n", code=1)
        with self.assertRaisesRegex(measure.Failed, "none: no such file"):
            corpora.own("hydrant", self.folder / "none", self.folder, self.folder)

    def test_a_figure_of_records_without_a_post_is_refused(self):
        suite, corpus = self.suite(), types.SimpleNamespace(count=2, matched=None)
        self.assertFalse(pipeline.check(suite, corpus, {**STATS, "posts": 2, "dropped": {"no_match": 1, "no_text": 1}}, "x"))
        self.assertEqual(suite.failed, [("x", "records that hold no post that can be read: no_text 1")])

    def test_what_was_cut_from_other_posts_of_that_name_is_not_taken(self):
        for text in (b"old", b"new"):
            folder = self.folder / text.decode()
            folder.mkdir()
            (folder / "posts.ndjson").write_bytes(text + b" 1\n" + text + b" 2\n")
        old, new = (corpora.Corpus(self.folder / name / "posts.ndjson", None, None, 2, work=self.folder) for name in ("old", "new"))
        self.assertEqual(new.head(1).posts.read_bytes(), b"new 1\n")
        os.utime(old.posts, (0, 0))  # older than what was cut
        self.assertEqual(old.head(1).posts.read_bytes(), b"old 1\n")


class Answers(Case):
    def test_each_wrong_answer_is_noticed(self):
        suite, corpus = self.suite(), types.SimpleNamespace(count=2, matched=1)
        good = {**STATS, "posts": 2, "matched": 1}
        self.assertTrue(pipeline.check(suite, corpus, good, "x"))
        self.assertFalse(pipeline.check(suite, corpus, {**good, "posts": 1}, "lost"))
        self.assertFalse(pipeline.check(suite, corpus, {**good, "matched": 2}, "more"))
        self.assertEqual(suite.failed, [("lost", "1 of 2 posts were read"), ("more", "2 posts match, by the truth 1")])

    def test_rules_that_are_not_kept_in_the_cache_are_not_called_cached(self):
        """Hydrant keeps what takes long to compile: here, the greater rules."""
        (self.folder / "tools").mkdir()
        self.command("tools/hydrant", 'case "$*" in *--cache*greater*) mkdir -p "$9"; : >"$9/compiled";; esac\n'
                     "echo '{\"patterns\":3}' >&2\n")
        suite = self.suite()
        suite.own = None
        suite.store = types.SimpleNamespace(folder=self.folder)
        suite.mode = dataclasses.replace(suite.mode, phrases=["few", "greater"])
        suite.corpus = lambda phrases: types.SimpleNamespace(rules=phrases)
        cache = self.folder / "cache"
        cache.mkdir()
        pipeline.startup_by_rules(suite, str(cache))
        self.assertEqual(suite.failed, [])
        self.assertEqual(list(suite.writer.rows), ["startup/few-phrases", "startup/greater-phrases", "startup/greater-phrases-cached"])
        self.assertEqual(suite.skipped, [("startup/few-phrases-cached", "rules that compile so fast are not kept in the cache")])

    def test_a_program_that_does_not_say_its_version_is_not_timed(self):
        self.addCleanup(setattr, pipeline, "startup_by_rules", pipeline.startup_by_rules)
        pipeline.startup_by_rules = lambda *_: None
        (self.folder / "tools").mkdir()
        self.command("tools/hydrant", "echo something else")
        suite = self.suite()
        pipeline.startup(suite)
        self.assertEqual(suite.failed, [("startup/version-only", "hydrant --version says 'something else'")])
        self.assertEqual(suite.writer.rows, {})


class SideBySide(Case):
    """Other tools beside hydrant, with times that the test lays down."""

    def setUp(self):
        super().setUp()
        for module, name in ((measure, "scan"), (peers, "once"), (peers, "extract"), (console, "note")):
            self.addCleanup(setattr, module, name, getattr(module, name))
        console.note = lambda text: None

    def taken(self, suite, peer, seconds):
        """Its samples, where each run of it takes so long and hydrant 2,000 ns a post."""
        measure.scan = lambda *_, **__: ({"posts": 1000, "cpu_seconds": 0.003, "compile_cpu_seconds": 0.001}, None)
        peers.once = lambda _, path: measure.Run(0, "", "", 0, seconds[path], 0)
        peers.side_by_side(suite, {peer.name: peer}, [peer.name], 2)
        return suite.writer.rows

    def test_a_second_half_that_took_no_time_is_no_figure(self):
        for seconds in ({"warm": 0.5, "all": 0.499}, {"warm": 0.5, "all": 0.5}):
            suite = self.suite("full")
            self.assertEqual(set(self.taken(suite, self.peer(), seconds)), {"peers/hydrant-fast", "peers/hydrant-strict"})
            self.assertRegex(suite.skipped[0][1], "too few posts: the first half")

    def test_what_is_within_the_noise_is_not_measured(self):
        for cpu, good in ((0.3, True), (0.18, False), (1e-9, False)):
            if good:
                self.assertTrue(self.prepared("7", 7, cpu=cpu).checked)
            else:
                with self.assertRaisesRegex(peers.TooFew, "too few posts: the second half of them takes .* s of CPU"):
                    self.prepared("7", 7, cpu=cpu)

    def test_what_is_left_out_is_recorded_by_the_name_of_its_result(self):
        suite = self.suite("full")
        self.taken(suite, self.peer(), {"warm": 0.5, "all": 0.5})
        self.assertEqual(list(results.skipped(self.folder / "results.jsonl")), ["peers/grep-json"])
        self.assertNotIn("peers/grep-json", results.load(self.folder / "results.jsonl")[1])

    def test_so_few_posts_that_hydrant_takes_no_time_are_left_out(self):
        suite = self.suite("full")
        suite.own = types.SimpleNamespace(count=2000, matched=None)
        measure.scan = lambda *_, **__: ({**STATS, "posts": 2000, "cpu_seconds": 0.004, "compile_cpu_seconds": 0.001}, None)
        peers.run(suite)
        self.assertEqual(suite.skipped, [("peers", "too few posts: hydrant takes for all of them 0.003 s of CPU, 0.1 are needed")])
        self.assertEqual(suite.writer.rows, {})

    def peer(self, **more):
        peer = peers.Peer("grep-json", "grep", ["grep"], "json", 5000, label="grep", **more)
        peer.posts, peer.warm_posts, peer.path, peer.warm_path = 1000, 400, "all", "warm"
        peer.counted = peer.reference = 7
        peer.checked = peer.comparable
        return peer

    def test_the_first_part_is_taken_off_and_the_ratio_is_theirs_to_ours(self):
        row = self.taken(self.suite("full"), self.peer(), {"warm": 0.5, "all": 0.506})["peers/grep-json"]
        self.assertAlmostEqual(row["value"], 10000)  # 6 ms, 600 posts
        self.assertEqual((row["ratio"], row["ratio_min"], row["ratio_max"]), (5, 5, 5))
        self.assertEqual((row["posts"], row["warm_posts"], row["n"], row["answers_checked"]), (1000, 400, 2, True))

    def test_everything_that_a_ratio_is_made_of_is_kept(self):
        kept = self.taken(self.suite("full"), self.peer(), {"warm": 0.5, "all": 0.506})["peers/grep-json"]
        self.assertEqual((kept["seconds_first_half"], kept["seconds_all"]), ([0.5, 0.5], [0.506, 0.506]))
        self.assertEqual(kept["hydrant_samples"], [2000, 2000])

    def test_hydrant_has_its_own_result_once(self):
        suite = self.suite("full")
        self.taken(suite, self.peer(), {"warm": 0.5, "all": 0.506})
        first = suite.writer.rows["peers/hydrant-fast"]
        self.assertEqual((first["value"], first["ratio"]), (2000, 1))
        slow = self.peer()
        slow.name = "jq"
        self.taken(suite, slow, {"warm": 0.5, "all": 0.6})
        self.assertIs(suite.writer.rows["peers/hydrant-fast"], first)
        self.assertAlmostEqual(suite.writer.rows["peers/jq"]["ratio"], 83.33)

    def prepared(self, counted, reference, cpu=0, ns=15000, guess=15000, start=0, **more):
        """A peer that counts so many posts of 100,000. It takes so many ns a post and so long to start, or so many seconds
        whatever it gets, half of them for the first half."""
        lines = self.folder / "posts.ndjson"
        lines.write_text("{}\n" * 20)
        corpus = corpora.Corpus(lines, None, None, 100000, work=self.folder)
        peers.extract = lambda _, corpus, posts: (corpora.Corpus(lines, None, None, posts, work=self.folder),
                                                  {"json": lines, "text": lines}, reference)
        peers.once = lambda peer, path: measure.Run(0, counted, "", 0, cpu / (1 if path == peer.path else 2) or start + ns / 1e9 * (
            peer.posts if path == peer.path else peer.warm_posts), 0)
        peer = peers.Peer("x", "x", ["x"], "json", guess, **more)
        peers.fitting(self.suite("full"), corpus, peer, {})
        return peer

    def test_a_count_that_is_not_the_references_is_noticed(self):
        self.assertTrue(self.prepared("7", 7).checked)
        for counted in ("6", "8", "0", ""):
            with self.assertRaisesRegex(measure.Failed, r"it counts \d posts, the reference 7"):
                self.prepared(counted, 7)
        self.assertFalse(self.prepared("6", 7, comparable=False).checked)
        with self.assertRaisesRegex(measure.Failed, "too few to be the same job"):
            self.prepared("1", 7, comparable=False)

    def test_each_gets_as_many_posts_as_its_time_allows_and_half_of_them_to_warm_up(self):
        for ns, guess, posts, slow in ((15000, 15000, 100000, False), (40000, 15000, 25000, False), (25000, 100000, 50000, False),
                                       (2500, 15000, 100000, False), (1000000, 1000000, 6250, True), (300000, 8000000, 25000, True)):
            peer = self.prepared("7", 7, ns=ns, guess=guess)
            self.assertEqual((peer.posts, peer.warm_posts, peer.slow), (posts, posts // 2, slow), (ns, guess))
            seconds = 12 if slow else 1.5
            self.assertTrue(ns * posts / 1e9 <= seconds and (posts == 100000 or ns * 2 * posts / 1e9 > seconds))
        self.assertEqual(peer.warm_path.read_text().count("\n"), 20)

    def test_starting_is_not_counted_in_its_time(self):
        """Else a tool that is long in starting would be left with too few posts."""
        self.assertEqual(self.prepared("7", 7, start=1.2, ns=14000).posts, 100000)
        self.assertEqual(self.prepared("7", 7, start=1.2, ns=40000, guess=150000).posts, 25000)

    def test_the_first_half_is_of_what_the_tool_reads(self):
        posts, texts = self.folder / "p.ndjson", self.folder / "p.texts"
        posts.write_text("".join(f'{{"n":{n}}}\n' for n in range(5)))
        texts.write_text("a\nb\nc\nd\ne\n")
        small = corpora.Corpus(posts, None, None, 5, work=self.folder)
        self.assertEqual(peers.first_half(small, {"text": texts}, "text")[1].read_text(), "a\nb\n")
        count, path = peers.first_half(small, {"text": texts}, "json")
        self.assertEqual((count, path.read_text()), (2, '{"n":0}\n{"n":1}\n'))
        one = corpora.Corpus(posts, None, None, 1, work=self.folder)
        self.assertEqual(peers.first_half(one, {"text": texts}, "text")[1].read_text(), "")

    def test_the_label_says_what_scored(self):
        peer = self.prepared('{"hits":7,"sentiment":"a list of 28 words"}', 7, count=lambda out: json.loads(out)["hits"],
                             told=lambda out: json.loads(out)["sentiment"], label="scored: ")
        self.assertEqual(peer.label, "scored: a list of 28 words")

    def test_posts_without_a_text_are_no_job_for_others(self):
        program = self.folder / "bench" / "bench-extract"
        program.parent.mkdir()
        self.command("bench/bench-extract", 'echo \'{"posts":2,"without_text":2,"texts_with_a_phrase":0}\'')
        corpus = corpora.Corpus(self.folder / "p.ndjson", "rules", None, 2, work=self.folder)
        with self.assertRaisesRegex(measure.Failed, "in a network's own form"):
            peers.extract(self.suite(), corpus, 2)


if __name__ == "__main__":
    unittest.main()
