"""The form of an item in the ring, as a dictionary like the NDJSON line. Standard library only."""

import datetime
import math
import struct

EVENTS = ("mention", "update", "delete", "spread")
ACTIONS = ("none", "thank", "respond", "recover", "correct", "share", "monitor", "ignore")
OBLIGATIONS = ("none", "may", "must")
DUP_KINDS = ("none", "exact", "near", "redelivered")
EMOTIONS = (
    "admiration amusement anger annoyance approval caring confusion curiosity desire "
    "disappointment disapproval disgust embarrassment excitement fear gratitude grief joy love "
    "nervousness optimism pride realization relief remorse sadness surprise neutral"
).split()
EKMAN = ("anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral")
SENTIMENTS = ("positive", "negative", "ambiguous", "neutral")
ACTS = ("statement", "question", "complaint", "gratitude", "request", "abuse")
NO_TIME = -(2**63)
NO_DOUBLING = 2**32 - 1

HEAD = struct.Struct("<IHHHBBBBBBQqqqIIII")
DIRECTORY = struct.Struct("<II")
PART = struct.Struct("<III")
MENTION = struct.Struct("<" + "II" * 16 + "qQQQQQII")
VERDICT = struct.Struct("<" + "II" * 6 + "II" * 2 + "II")
MATCH = struct.Struct("<" + "II" * 5)
EMOTION = struct.Struct("<28f7f4f6fIIIBBBBff")
DUP = struct.Struct("<IIIIqIIIIIIIIIIIIII")
PII = struct.Struct("<IIII")


class Damaged(ValueError):
    """The bytes make no sense."""


def _time(us):
    if us == NO_TIME:
        return None
    seconds, fraction = divmod(us, 1000000)
    try:
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    except OverflowError:
        return None
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    if fraction % 1000:
        text += ".%06d" % fraction
    elif fraction:
        text += ".%03d" % (fraction // 1000)
    return text + "Z"


def _score(value):
    """Two decimals, halves away from zero, as float32 arithmetic has it."""
    scaled = struct.unpack("<f", struct.pack("<f", value * 100.0))[0]
    hundredths = int(math.copysign(math.floor(abs(scaled) + 0.5), scaled))
    return hundredths / 100


class _Bytes:
    def __init__(self, data):
        self.data = data

    def raw(self, at, count):
        if at > len(self.data) or count > len(self.data) - at:
            raise Damaged("a part lies outside of its item")
        return self.data[at : at + count]

    def text(self, at, count):
        """None for no string; "" for an empty one."""
        return None if at == 0 else self.raw(at, count).decode("utf-8", "replace")

    def name(self, at, count):
        return self.text(at, count) or None

    def table(self, form, at, count):
        return list(form.iter_unpack(self.raw(at, count * form.size)))

    def texts(self, at, count):
        return [self.text(*ref) or "" for ref in self.table(struct.Struct("<II"), at, count)]

    def pairs(self, at, count):
        rows = self.table(struct.Struct("<IIII"), at, count)
        return [(self.text(a, b) or "", self.text(c, d) or "") for a, b, c, d in rows]


def _bits(bits, names):
    return [name for i, name in enumerate(names) if bits >> i & 1]


def _verdict(b, part, head):
    v = VERDICT.unpack(b.raw(part[1], VERDICT.size))
    route, to, why, private, channel, line = (b.name(v[i], v[i + 1]) for i in range(0, 12, 2))
    return {
        "action": ACTIONS[head["action"]],
        "actionable": bool(head["flags"] & 1),
        "obligation": OBLIGATIONS[head["obligation"]],
        "priority": head["priority"],
        "route": route,
        "skills": b.texts(v[12], v[13]),
        "respond_by": _time(head["respond_by"]),
        "hold_until": _time(head["hold_until"]),
        "escalate": {"to": to, "why": why or ""} if to else None,
        "take_private": {"why": private, "acknowledge": True, "channel": channel}
        if private
        else None,
        "moderate": bool(v[16]),
        "line": line,
        "reasons": [{"code": code, "text": text} for code, text in b.pairs(v[14], v[15])],
    }


def _matches(b, part):
    return [
        {
            "rule": b.text(m[0], m[1]) or "",
            "brand": b.name(m[2], m[3]),
            "route": b.name(m[4], m[5]),
            "tags": dict(b.pairs(m[6], m[7])),
            "spans": [list(span) for span in b.table(struct.Struct("<II"), m[8], m[9])],
        }
        for m in b.table(MATCH, part[1], part[2] // MATCH.size)
    ]


def _emotion(b, part):
    e = EMOTION.unpack(b.raw(part[1], EMOTION.size))
    ekman, (labels, _, _, label, sentiment, act, scored) = e[28:35], e[45:52]
    if not scored:
        return None
    return {
        "label": EMOTIONS[label],
        "labels": _bits(labels, EMOTIONS),
        "ekman": {name: _score(x) for name, x in zip(EKMAN, ekman) if x >= 0.004999999888241291},
        "sentiment": SENTIMENTS[sentiment],
        "valence": _score(e[52]),
        "intensity": _score(e[53]),
        "speech_act": ACTS[act],
    }


def _dup(b, part):
    d = DUP.unpack(b.raw(part[1], DUP.size))
    return {
        "kind": DUP_KINDS[d[5]],
        "first_id": b.name(d[0], d[1]),
        "count": d[6],
        "first_author": b.name(d[2], d[3]),
        "first_at": _time(d[4]),
        "copies": {"exact": d[8], "near": d[9], "repost": d[10]},
        "quotes": d[11],
        "authors": d[12],
        "rate": {"1m": d[13], "5m": d[14], "60m": d[15]},
        "doubling_s": None if d[16] == NO_DOUBLING else d[16],
        "spread": b.texts(d[17], d[18]),
    }


def _pii(b, part):
    rows = b.table(PII, part[1], part[2] // PII.size)
    return [{"kind": b.text(at, n) or "", "span": [start, end]} for at, n, start, end in rows]


def head_of(record):
    """What routers filter by: a dictionary of the head's fields."""
    if len(record) < HEAD.size:
        raise Damaged("shorter than an item's head")
    names = (
        "bytes kind record_flags head_bytes event action obligation priority flags item_event "
        "generation created_at respond_by hold_until route_at route_len id_at id_len"
    ).split()
    return dict(zip(names, HEAD.unpack(record[: HEAD.size])))


def _parts(b, head):
    at = head["head_bytes"]
    count, _ = DIRECTORY.unpack(b.raw(at, DIRECTORY.size))
    return {part[0]: part for part in b.table(PART, at + DIRECTORY.size, count)}


def item_of(record, seq):
    """The item as json.loads would give it from its line."""
    b = _Bytes(record)
    try:
        head = head_of(record)
        parts = _parts(b, head)
        m = MENTION.unpack(b.raw(parts[1][1], MENTION.size))
        text = [b.text(m[i], m[i + 1]) for i in range(0, 32, 2)]
        item = {
            "seq": seq,
            "event": EVENTS[head["item_event"]],
            "generation": head["generation"],
            "pack": text[0] or "",
            "id": text[2] or None,
            "source": text[1] or "",
            "network": text[3] or None,
            "url": text[5] or None,
            "created_at": _time(m[32]),
            "lang": text[6] or None,
            "conversation_id": text[9] or None,
            "in_reply_to": text[8] or None,
            "verdict": _verdict(b, parts[2], head) if 2 in parts else None,
            "matches": _matches(b, parts[3]) if 3 in parts else [],
            "emotion": _emotion(b, parts[4]) if 4 in parts else None,
            "dup": _dup(b, parts[5]) if 5 in parts else None,
            "pii": _pii(b, parts[6]) if 6 in parts else [],
            "author": {
                "id": text[13] or None,
                "handle": text[14] or None,
                "followers": m[33] if m[38] & 2 else None,
            },
            "text": text[7],
        }
        if m[38] & 16:
            item["truncated"] = True
        return item
    except (struct.error, KeyError, IndexError) as error:
        raise Damaged(str(error)) from error
