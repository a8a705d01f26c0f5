"""bench/run: what fails is told and the rest goes on; what cannot be benched is refused."""

import json
import os
import pathlib
import tempfile
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


if __name__ == "__main__":
    unittest.main()
