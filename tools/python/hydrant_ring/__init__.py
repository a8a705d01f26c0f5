"""Reads hydrant's items from shared memory.

    from hydrant_ring import Observer, Member

    for item in Observer("/dev/shm/hydrant/main").follow():      # pure Python; acknowledges nothing
        print(item["seq"], item["text"])

    with Member("/dev/shm/hydrant/main", "care") as member:      # through libhydrant-ring
        for item in member:
            handle(item)
            member.ack(item)

Items are dictionaries, the same as the lines of `hydrant scan`. A Member raises RingError, an Observer Damaged where the
bytes make no sense. The format is docs/RING-FORMAT.md.
"""

from .items import Damaged
from .member import Member, RingError
from .observer import Observer

__all__ = ["Damaged", "Member", "Observer", "RingError"]
