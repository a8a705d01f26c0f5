"""An observer: sees what is in the ring, acknowledges nothing. Standard library only.

An observer only loads. A chunk is copied, and the copy counts only if the slot still says the same
chunk afterwards (docs/RING-FORMAT.md, "Reading"). That needs loads that are not reordered with loads,
as on x86-64; elsewhere use Member, whose library orders them.
"""

import mmap
import os
import struct
import time

from .items import Damaged, item_of

MAGIC = b"HYDRING\x1a"
VERSION = 1
BUSY = 2**64 - 1
SLOT_BYTES = 64
HISTORY = 8
RECORD = struct.Struct("<IHH")


def _crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


class Observer:
    """Iterating gives the items that are there now; follow() goes on and waits for more. What is damaged raises
    Damaged, once; iterating again goes on behind it."""

    def __init__(self, directory, from_oldest=True):
        with open(os.path.join(directory, "data"), "rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._check()
        self._words = memoryview(self._map).cast("Q")
        self.lost = 0  # items that were written over before they were read, or are damaged
        self._read = {}  # chunk id: [items, bytes] read
        self._tail = self._oldest()
        self._start = self._next()  # of chunks before it those that are gone already are not ours
        for chunk in range(self._tail, self._start):
            if self._slot(chunk)[0] == chunk:
                self._read[chunk] = [0, 0]
        if not from_oldest:
            for _ in self._records():
                pass
            self.lost = 0

    def _check(self):
        if len(self._map) < 320 or self._map[:8] != MAGIC:
            raise Damaged("not a ring")
        (version,) = struct.unpack_from("<I", self._map, 8)
        if version != VERSION:
            raise Damaged("the ring's layout is version %d, this reads %d" % (version, VERSION))
        if struct.unpack_from("<I", self._map, 104)[0] != _crc32c(self._map[:104]):
            raise Damaged("the ring's header is damaged")
        required, _, self.chunk_bytes, self.chunk_count = struct.unpack_from("<IIII", self._map, 12)
        if required:
            raise Damaged("the ring needs features (%#x) that this does not know" % required)
        size, _, _, self._history_at, self._slots_at, self._chunks_at = struct.unpack_from(
            "<6Q", self._map, 32
        )
        if size != len(self._map) or self._chunks_at + self.chunk_count * self.chunk_bytes > size:
            raise Damaged("the ring's header does not fit its file")
        self.uuid = self._map[80:96].hex()

    def _next(self):
        return self._words[128 // 8]

    def _oldest(self):
        return max(1, self._next() - 2 * self.chunk_count)

    def _slot(self, chunk):
        """content, decided, commit"""
        at = (self._slots_at + chunk % self.chunk_count * SLOT_BYTES) // 8
        return self._words[at], self._words[at + 1], self._words[at + 2]

    def _count(self, chunk):
        at = self._history_at // 8 + chunk % (self.chunk_count * HISTORY)
        word = self._words[at]
        return word & 0xFFFF if word >> 16 == chunk & (2**48 - 1) else 0

    def _copy(self, chunk, start, end):
        at = self._chunks_at + chunk % self.chunk_count * self.chunk_bytes
        return self._map[at + start : at + end]

    def _damaged(self, chunk, commit, problem):
        """Goes on behind what is committed: before that nobody finds a record again."""
        mark, items = self._read[chunk], commit >> 32 & 0x7FFFFFFF
        self.lost += max(0, items - mark[0])
        mark[:] = items, commit & 0xFFFFFFFF
        return Damaged(problem)

    def _records_of(self, chunk):
        """(seq, bytes) of what is new in a chunk."""
        content, _, commit = self._slot(chunk)
        if content != chunk:
            return
        mark = self._read.setdefault(chunk, [0, 0])
        end = commit & 0xFFFFFFFF
        if mark[1] >= end:
            return
        if end > self.chunk_bytes:
            raise self._damaged(chunk, commit, "more was committed than a chunk holds")
        data = self._copy(chunk, mark[1], end)
        if self._slot(chunk)[0] != chunk:
            return  # written over meanwhile: the copy counts for nothing
        at = 0
        while at < len(data):
            size, kind, _ = RECORD.unpack_from(data, at)
            if size < RECORD.size or size > len(data) - at:
                raise self._damaged(chunk, commit, "a record's length is impossible")
            record = data[at : at + size]
            at += (size + 7) // 8 * 8
            mark[1] += (size + 7) // 8 * 8
            if kind == 1:
                mark[0] += 1
                yield chunk << 16 | (mark[0] - 1), record

    def _is_over(self, chunk):
        content, decided, commit = self._slot(chunk)
        items, end = self._read.get(chunk, (0, 0))
        if decided < chunk:
            return False
        if content != chunk:
            if chunk in self._read or chunk >= self._start:
                self.lost += max(0, self._count(chunk) - items)
            return True
        return bool(commit >> 63) and end >= commit & 0xFFFFFFFF

    def _records(self):
        for chunk in range(self._tail, self._next()):
            yield from self._records_of(chunk)
        while self._tail < self._next() and self._is_over(self._tail):
            self._read.pop(self._tail, None)
            self._tail += 1

    def __iter__(self):
        for seq, record in self._records():
            try:
                item = item_of(record, seq)
            except Damaged:
                self.lost += 1
                raise
            yield item

    @property
    def ended(self):
        """The engine read its inputs to their end and closed the ring for good. One that was only stopped has
        not: the next one goes on with the ring."""
        return struct.unpack_from("<I", self._map, 260)[0] != 0

    def follow(self, poll_seconds=0.02):
        """Items as they come, until the ring has ended."""
        while True:
            ended = self.ended
            some = False
            for item in self:
                some = True
                yield item
            if ended and not some:
                return
            if not some:
                time.sleep(poll_seconds)
