"""bench/run: what fails is told and the rest goes on; what cannot be benched is refused."""

import json
import pathlib
import tempfile
import types
import unittest

import made
from suite import console, measure, peers, plan, results

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


if __name__ == "__main__":
    unittest.main()
