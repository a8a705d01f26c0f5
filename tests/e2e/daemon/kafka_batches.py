"""Batches as they lie in a topic, with what a client's library does not show: who produced them, and
their sequence. The mock cluster keeps what comes twice; a broker drops a sequence that it has."""

import re
import socket
import struct

FETCH, VERSION = 1, 4


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def ask(connection, topic, partition, offset):
    body = (struct.pack(">iiiib", -1, 50, 1, 1 << 24, 0) + struct.pack(">i", 1) + text(topic) +
            struct.pack(">iiqi", 1, partition, offset, 1 << 24))
    head = struct.pack(">hhi", FETCH, VERSION, 7) + text("tests")
    connection.sendall(struct.pack(">i", len(head) + len(body)) + head + body)
    stream = connection.makefile("rb")
    return stream.read(struct.unpack(">i", stream.read(4))[0])


def records_of(answer, topic):
    """(error, the batches) of an answer about one partition."""
    at = 4 + 4 + 4 + 2 + len(topic) + 4 + 4  # correlation, throttle, count, topic, count, partition
    error, _, _, aborted = struct.unpack_from(">hqqi", answer, at)
    at += 22 + 16 * max(aborted, 0)
    return error, answer[at + 4:]


class Batch:
    def __init__(self, data):
        self.offset, length = struct.unpack_from(">qi", data)
        self.next = self.offset + struct.unpack_from(">i", data, 23)[0] + 1
        self.producer, self.epoch, self.sequence, self.count = struct.unpack_from(">qhii", data, 43)
        self.ids = re.findall(r'"id":"(p\d+)"', data[:12 + length].decode("latin-1"))


def read_batches(brokers, topic, partition):
    """All of a partition, from the broker that has it."""
    for broker in brokers.split(","):
        host, _, port = broker.rpartition(":")
        batches, offset = [], 0
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            while True:
                error, data = records_of(ask(connection, topic, partition, offset), topic)
                if error or not data:
                    break
                batches.append(Batch(data))
                offset = batches[-1].next
        if batches or not error:
            return batches
    return []


def kept(batches):
    """What a broker would have kept: a sequence of a producer counts once, and they have no gap."""
    wanted, out = {}, []
    for batch in batches:
        producer = (batch.producer, batch.epoch)
        if batch.sequence < wanted.get(producer, 0):
            continue
        assert batch.sequence == wanted.get(producer, 0), (batch.sequence, wanted)
        wanted[producer] = batch.sequence + batch.count
        out.append(batch)
    return out
