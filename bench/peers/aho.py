#!/usr/bin/env python3
"""The same job as people write it in Python: parse each post, look for all phrases at once with an
Aho-Corasick automaton over bytes (letters of ASCII in any case). Prints {"posts", "hits"}.

usage: aho.py PHRASES < posts.ndjson"""

import collections
import json
import sys


def build(phrases):
    following, fail, end = [{}], [0], [False]
    for phrase in phrases:
        state = 0
        for byte in phrase:
            if byte not in following[state]:
                following[state][byte] = len(following)
                following.append({})
                fail.append(0)
                end.append(False)
            state = following[state][byte]
        end[state] = True
    queue = collections.deque(following[0].values())
    while queue:
        state = queue.popleft()
        for byte, target in following[state].items():
            back = fail[state]
            while back and byte not in following[back]:
                back = fail[back]
            fail[target] = following[back].get(byte, 0)
            end[target] = end[target] or end[fail[target]]
            queue.append(target)
    return following, fail, end


def hit(automaton, text):
    following, fail, end = automaton
    state = 0
    for byte in text:
        while state and byte not in following[state]:
            state = fail[state]
        state = following[state].get(byte, 0)
        if end[state]:
            return True
    return False


def main():
    with open(sys.argv[1], "rb") as file:
        automaton = build([line.rstrip(b"\n").lower() for line in file if line.strip()])
    posts = hits = 0
    for line in sys.stdin.buffer:
        text = (json.loads(line).get("text") or "").replace("\n", " ").replace("\r", " ").encode().lower()
        posts += 1
        hits += hit(automaton, text)
    print(json.dumps({"posts": posts, "hits": hits}))


main()
