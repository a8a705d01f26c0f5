"""A member of a group: ctypes over libhydrant-ring, because joining needs compare-and-swap."""

import ctypes
import ctypes.util
import json
import os
import time

OK, LIMIT, STATE, AGAIN, CANCELLED = 0, -6, -7, -10, -11


class RingError(OSError):
    pass


class _Options(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("group", ctypes.c_char_p),
        ("from_oldest", ctypes.c_bool),
        ("lease_items", ctypes.c_uint32),
        ("actions", ctypes.c_uint32),
        ("routes", ctypes.POINTER(ctypes.c_char_p)),
        ("routes_count", ctypes.c_size_t),
    ]


class _Error(ctypes.Structure):
    _fields_ = [
        ("status", ctypes.c_int),
        ("sys_errno", ctypes.c_int),
        ("line", ctypes.c_uint32),
        ("column", ctypes.c_uint32),
        ("offset", ctypes.c_uint64),
        ("file", ctypes.c_char * 256),
        ("text", ctypes.c_char * 512),
    ]


class _Str(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("len", ctypes.c_uint32)]


class _Item(ctypes.Structure):
    _fields_ = [
        ("seq", ctypes.c_uint64),
        ("item_event", ctypes.c_int),
        ("event", ctypes.c_int),
        ("action", ctypes.c_int),
        ("actionable", ctypes.c_bool),
        ("priority", ctypes.c_uint8),
        ("deliveries", ctypes.c_uint8),
        ("generation", ctypes.c_uint64),
        ("created_at_us", ctypes.c_int64),
        ("respond_by_us", ctypes.c_int64),
        ("hold_until_us", ctypes.c_int64),
        ("route", _Str),
        ("id", _Str),
        ("bytes", ctypes.c_void_p),
        ("bytes_count", ctypes.c_uint32),
    ]


def _load(path):
    path = path or os.environ.get("HYDRANT_RING_LIBRARY")
    path = path or ctypes.util.find_library("hydrant-ring") or "libhydrant-ring.so.0"
    lib = ctypes.CDLL(path)
    pointer = ctypes.c_void_p
    lib.hydrant_ring_options_init.argtypes = [ctypes.POINTER(_Options)]
    lib.hydrant_ring_options_init.restype = None
    lib.hydrant_ring_attach.argtypes = [
        ctypes.c_char_p,
        ctypes.POINTER(_Options),
        ctypes.POINTER(pointer),
        ctypes.POINTER(_Error),
    ]
    lib.hydrant_ring_detach.argtypes = [ctypes.POINTER(pointer)]
    lib.hydrant_ring_detach.restype = None
    lib.hydrant_ring_next.argtypes = [pointer, ctypes.POINTER(_Item)]
    lib.hydrant_ring_ack.argtypes = [pointer, ctypes.c_uint64]
    lib.hydrant_ring_wait.argtypes = [pointer, ctypes.c_int]
    lib.hydrant_ring_item_json.argtypes = [
        pointer,
        ctypes.POINTER(_Item),
        ctypes.c_char_p,
        ctypes.c_size_t,
    ]
    lib.hydrant_ring_item_json.restype = ctypes.c_size_t
    return lib


class Member:
    """Iterating gives items until the ring has ended for good; acknowledge each when it is done with. Closed by
    the end of a `with` block or by close(): then everything but close() raises RingError."""

    def __init__(self, directory, group, lease_items=64, library=None):
        self._lib = _load(library)
        self._ring = ctypes.c_void_p()
        options, error = _Options(), _Error()
        self._lib.hydrant_ring_options_init(ctypes.byref(options))
        options.group = group.encode()
        options.lease_items = lease_items
        if self._lib.hydrant_ring_attach(
            os.fsencode(directory), ctypes.byref(options), ctypes.byref(self._ring),
            ctypes.byref(error),
        ) != OK:
            told = [part.decode("utf-8", "replace") for part in (error.file, error.text) if part]
            raise RingError(": ".join(told))
        self._buffer = ctypes.create_string_buffer(64 << 10)

    def _open(self):
        if not self._ring:
            raise RingError("the member is closed")
        return self._ring

    def next(self, timeout_ms=0):
        """The next item; None when there is none in time. StopIteration: the ring has ended for good. RingError:
        all that was taken at a time, lease_items or fewer, waits to be acknowledged: do that first."""
        item, until = _Item(), time.monotonic() + timeout_ms / 1000
        while True:
            status = self._lib.hydrant_ring_next(self._open(), ctypes.byref(item))
            if status == OK:
                return self._json(item)
            if status == CANCELLED:
                raise StopIteration
            if status == LIMIT:
                raise RingError("all items that were taken at a time wait to be acknowledged")
            if status == STATE:
                raise RingError("the engine changed the group meanwhile: join it anew")
            if status != AGAIN:
                raise RingError("the ring cannot be read (%d)" % status)
            # There may be items that are none of the group's: those are passed over, and waited on.
            left = max(0, round((until - time.monotonic()) * 1000))
            if left == 0 or self._lib.hydrant_ring_wait(self._ring, left) != OK:
                return None

    def _json(self, item):
        while True:
            room = len(self._buffer)
            size = self._lib.hydrant_ring_item_json(
                self._ring, ctypes.byref(item), self._buffer, room
            )
            if size == 0:
                raise RingError("an item is damaged")
            if size < room:
                return json.loads(self._buffer.value)
            self._buffer = ctypes.create_string_buffer(size + 1)

    def ack(self, item):
        """True, or False when the item was taken away: somebody else has it again."""
        return self._lib.hydrant_ring_ack(self._open(), item["seq"]) == OK

    def __iter__(self):
        while True:
            try:
                item = self.next(timeout_ms=1000)
            except StopIteration:
                return
            if item is not None:
                yield item

    def close(self):
        self._lib.hydrant_ring_detach(ctypes.byref(self._ring))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
