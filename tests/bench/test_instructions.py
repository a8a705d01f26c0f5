"""bench/instructions: what is too much, and that it is told."""

import copy
import unittest

import made


class Instructions(unittest.TestCase):
    def setUp(self):
        self.script = made.script("instructions")
        self.script.print = lambda *words, **_: self.said.append(" ".join(map(str, words)))
        self.said = []
        self.record = {"counts": {"fast": dict.fromkeys(self.script.FUNCTIONS, 1000.0)}}

    def good(self, **now):
        counts = copy.deepcopy(self.record["counts"])
        counts["fast"].update(now)
        return self.script.compare(self.record, counts)

    def test_five_percent_are_too_much(self):
        self.assertTrue(self.good())
        self.assertTrue(self.good(match=1049.0))
        self.assertFalse(self.good(match=1051.0))
        self.assertRegex("\n".join(self.said), r"fast/match +1000.0 +1051.0 +\+5.1 %  TOO MUCH")

    def test_two_percent_of_all_are_too_much(self):
        grown = dict.fromkeys(self.script.FUNCTIONS, 1019.0)
        self.assertTrue(self.good(**grown))
        self.assertFalse(self.good(**dict.fromkeys(self.script.FUNCTIONS, 1021.0)))
        self.assertRegex("\n".join(self.said), r"fast/all +8000.0 +8168.0 +\+2.1 %  TOO MUCH")

    def test_fewer_are_told(self):
        self.assertTrue(self.good(match=900.0))
        self.assertIn("less: --accept it", "\n".join(self.said))

    def test_a_stage_that_is_not_on_record_is_too_much(self):
        del self.record["counts"]["fast"]["match"]
        self.assertFalse(self.script.compare(self.record, {"fast": {**self.record["counts"]["fast"], "match": 5.0}}))


if __name__ == "__main__":
    unittest.main()
