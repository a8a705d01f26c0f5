#!/usr/bin/env python3
"""The Python package: the golden ring, a live engine as an observer and as a member of a group.

usage: test_python.py SOURCE_DIR ENGINE [LIBRARY]   (without LIBRARY the member is not tested)
"""

import json
import os
import struct
import subprocess
import sys
import tempfile
import time

source, engine = sys.argv[1:3]
library = sys.argv[3] if len(sys.argv) > 3 else None
sys.path.insert(0, os.path.join(source, "tools", "python"))
sys.dont_write_bytecode = True

from hydrant_ring import Damaged, Member, Observer, RingError  # noqa: E402
from hydrant_ring.items import item_of  # noqa: E402
from hydrant_ring.member import AGAIN, OK  # noqa: E402

golden = os.path.join(source, "tests", "golden", "ring")
LIVE = 300


class NothingWanted:
    """A library whose ring gets items all the time, of which none is the group's."""

    waits = 0

    def hydrant_ring_next(self, *_):
        return AGAIN

    def hydrant_ring_wait(self, *_):
        self.waits += 1
        check(self.waits < 1000, "a wait of 50 ms has no end")
        time.sleep(0.001)
        return OK


def check(good, *what):
    if not good:
        print("wrong:", *what)
        sys.exit(1)


with open(os.path.join(golden, "items.ndjson"), encoding="utf-8") as lines:
    expected = [json.loads(line) for line in lines]
got = list(Observer(golden))
for a, b in zip(got, expected):
    check(a == b, "golden item", a, b)
check(len(got) == len(expected), len(got), "golden items")
try:
    item_of(b"\x00" * 100, 1)
    check(False, "zeros are an item")
except Damaged:
    pass



def is_an_end(item):
    """No filter keeps it from anybody."""
    action = (item.get("verdict") or {}).get("action")
    return item["event"] == "delete" or (item["event"] == "update" and action == "ignore")


def damaged(place, at, value):
    """What an observer gets of the golden ring with another number at a byte of chunk 1, or of its slot: what is
    in front of the damage, and what is behind it."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(golden, "data"), "rb") as file:
            data = bytearray(file.read())
        slots_at, chunks_at = struct.unpack_from("<QQ", data, 64)
        (chunk_bytes,) = struct.unpack_from("<I", data, 20)
        begins = slots_at + 64 if place == "slot" else chunks_at + chunk_bytes
        struct.pack_into("<I", data, begins + at, value)
        with open(os.path.join(folder, "data"), "wb") as file:
            file.write(data)
        observer, ids = Observer(folder), [[], []]
        try:
            for item in observer:
                ids[0].append(item["id"])
            check(False, "nobody says that it is damaged")
        except Damaged:
            ids[1].extend(item["id"] for item in observer)
        check(sum(map(len, ids)) + observer.lost == len(expected), ids, "and", observer.lost, "lost")
        return ids


ids = [item["id"] for item in expected]
check(damaged("chunk", 0, 3) == [[], ids[5:]], "the length of the first item is damaged")
check(damaged("chunk", 8, 0) == [[], ids[1:]], "the head of the first item is damaged")
check(damaged("slot", 16, 1 << 20) == [[], ids[5:]], "the length of the chunk is damaged")

shm = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
with tempfile.TemporaryDirectory(dir=shm) as folder:
    ring = os.path.join(folder, "ring")
    server = subprocess.Popen([engine, "--serve", ring, str(LIVE)])
    while not os.path.exists(os.path.join(ring, "waiting.ctl")):
        check(server.poll() is None, "the engine ended with", server.poll())
        time.sleep(0.005)
    if library:
        seen = {}
        with Member(ring, "care", library=library) as member:
            for item in member:
                seen[item["seq"]] = item
                check(member.ack(item), "an item was taken away")
        check(len(seen) == LIVE, "the member got", len(seen))
        with Member(ring, "some", lease_items=8, library=library) as member:
            some = []  # read ahead, acknowledged when it says that it must be
            while True:
                try:
                    some.append(member.next())
                except StopIteration:
                    break
                except RingError as problem:
                    check("wait to be acknowledged" in str(problem), problem)
                    check(member.ack(some[-1]), "nothing waits to be acknowledged")
        check([item["seq"] for item in some] == sorted(
            seq for seq, item in seen.items()
            if (item.get("verdict") or {}).get("action") in ("thank", "respond") or is_an_end(item)),
            "of a third of the items and what ends a case the member got", len(some))
        with Member(ring, "care", library=library) as member:
            real, member._lib = member._lib, NothingWanted()
            check(member.next(timeout_ms=50) is None, "a group that wants nothing got something")
            member._lib = real
        for use in (member.next, lambda: member.ack(item), lambda: next(iter(member))):
            try:
                use()
                check(False, "a member that is closed was used")
            except RingError as problem:
                check("closed" in str(problem), problem)
        member.close()
        for item in Observer(ring):
            check(item == seen[item["seq"]], "observer and member differ", item)
        try:
            Member(ring, "no/name", library=library)
            check(False, "a bad name is taken")
        except RingError:
            pass
    else:
        observer = Observer(ring)
        count = sum(1 for _ in observer.follow())
        check(count + observer.lost == LIVE, count, "seen,", observer.lost, "lost")
        server.kill()
    server.wait()
print("golden ring and live engine read", "by both" if library else "by the observer")
