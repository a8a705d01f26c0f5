#!/usr/bin/env python3
"""usage: damage_item.py RING ID   Makes the item about the post ID, in a ring, one that nobody can
read; its head stays whole, so that members get it (docs/RING-FORMAT.md, "Items")."""

import pathlib
import struct
import sys

HEAD_BYTES, OBLIGATION_AT, ID_AT = 64, 12, 56


def damage_item(ring, post_id):
    path, wanted = pathlib.Path(ring, "data"), post_id.encode()
    data = bytearray(path.read_bytes())
    found = 0
    for at in range(0, len(data) - HEAD_BYTES, 8):
        id_at, id_len = struct.unpack_from("<II", data, at + ID_AT)
        if id_at >= HEAD_BYTES and id_len == len(wanted) and \
                data[at + id_at:at + id_at + id_len] == wanted:
            with open(path, "r+b") as out:
                out.seek(at + OBLIGATION_AT)
                out.write(b"\xff")
            found += 1
    assert found == 1, f"{found} items about {post_id} in {path}"


if __name__ == "__main__":
    damage_item(*sys.argv[1:])
