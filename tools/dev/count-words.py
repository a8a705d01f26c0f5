#!/usr/bin/env python3
"""Counts the words of a text collection for near-duplicate detection.

usage: count-words.py COMMON < train.tsv > engine/dedup/words/counted_en.txt

Reads one post a line, the text up to the first tab (GoEmotions: train.tsv). Writes two lists of
lower-case words without apostrophes: the COMMON most frequent ones that are mostly written in lower
case inside a sentence (exchanging one for another leaves the message what it is), and all others
that were seen at least three times (known, so not a misspelling). Words of the other lists in the
folder are left out: those lists decide about them.
"""
import collections
import pathlib
import re
import sys
import textwrap

KNOWN_MIN = 3
WORDS = pathlib.Path(__file__).resolve().parents[2] / "engine" / "dedup" / "words"


def listed():
    words = set()
    for name in ("stop_en.txt", "same_en.txt", "names_en.txt"):
        for line in (WORDS / name).read_text().splitlines():
            if not line.startswith("#"):
                words.update(line.split()[name == "same_en.txt" :])
    return words


def count(lines):
    total, lower, upper = collections.Counter(), collections.Counter(), collections.Counter()
    for line in lines:
        text = line.split("\t")[0].replace("\u2019", "'")
        shouted = sum(map(str.isupper, text)) > sum(map(str.islower, text))
        start = True
        for token in re.findall(r"\[[A-Z]+\]|[A-Za-z']+|[.!?]", text):
            word = token.lower().replace("'", "")
            if token in ".!?" or token[0] == "[" or not word:
                start = token in ".!?"
                continue
            total[word] += 1
            if token[0].islower():
                lower[word] += 1
            elif not start and not shouted:
                upper[word] += 1
            start = False
    return total, lower, upper


def main():
    total, lower, upper = count(sys.stdin)
    skip = listed()
    ranked = [
        w
        for w, n in total.most_common()
        if n >= KNOWN_MIN and len(w) > 1 and w not in skip and not re.search(r"(.)\1\1", w)
    ]
    common = [w for w in ranked if lower[w] > 2 * upper[w]][: int(sys.argv[1])]
    known = sorted(set(ranked) - set(common))
    print("# Counted by tools/dev/count-words.py from the training split of GoEmotions (Demszky,")
    print("# Movshovitz-Attias, Ko, Cowen, Nemade, Ravi, ACL 2020), CC BY 4.0: which words occur,")
    print("# none of its texts. The lists left out are the other files of this folder.")
    for name, words in (("common", sorted(common)), ("known", known)):
        print(f"\n# {name}")
        print(textwrap.fill(" ".join(words), 100))


main()
