#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes what a release leaves behind for later ones to read: records, a recording, a handshake.

    release.py FOLDER

FOLDER has contracts.lock of the same contract. Formats are those of docs/reference/recording.md and
session.md, written here again. Exit status: 0, 2 (wrong usage, or no lock).
"""
import hashlib
import os
import struct
import sys

sys.dont_write_bytecode = True
from everything_5 import CASES  # noqa: E402
from layout import up  # noqa: E402

GAP, HELLO, TIME = 0xFF03, 0xFF10, 0xFF20
NOW, BASE = 1000000000, 100
LOST = struct.pack("<QII", 3, 1, 0)  # three messages, lapped


def record(type_id, version, payload):
    head = struct.pack("<HIH", type_id, len(payload), version)
    return head + payload.ljust(up(len(payload), 8), b"\0")


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def stream():
    """Every message of today's contract or an older one; one of nobody's; a loss."""
    out, lines = b"", []
    for message, version, _, value, *_ in CASES:
        if version > message.version:
            continue
        out += record(message.type_id, version, message.payload(version, value))
        lines.append('{"type":"%s","version":%d,"message":%s}' % (
            message.name, version, message.json(version, value)))
    out += record(999, 4, b"\xab\xcd") + record(GAP, 0, LOST)
    lines.append('{"type_id":999,"version":4,"payload":"0xabcd"}')
    lines.append('{"type_id":%d,"version":0,"lost":"3","payload":"0x%s"}' % (GAP, LOST.hex()))
    return out, lines


def recorded():
    """What recording() holds: (message, version, value), all of them samples."""
    samples = {(message.name, version): (message, version, value)
               for message, version, name, value, *_ in CASES if name == "sample"}
    return [samples[key] for key in (("Grown", 4), ("Grown", 1), ("Late", 2))]


def recorded_lines():
    lines = []
    for index, (message, version, value) in enumerate(recorded()):
        lines.append('{"type":"%s","version":%d,"sequence":"%d","time_ns":"%d","message":%s}' % (
            message.name, version, BASE + 1 + index, NOW, message.json(version, value)))
    lines.append(
        '{"type_id":%d,"version":0,"sequence":"%d","time_ns":"%d","lost":"3","payload":"0x%s"}' % (
            GAP, BASE + len(lines) + 3, NOW, LOST.hex()))
    return lines


def block(magic, offset, base, end, now, recording_id, records):
    head = struct.pack(
        "<4sIQQQQQQI", magic, len(records), offset, base, end, now, now + 1000000, recording_id,
        crc32c(records))
    return head + struct.pack("<I", crc32c(head)) + records


def recording(digest):
    """Three messages and a loss in one block, and the end; as if its clock stood still."""
    now, recording_id, base = NOW, 0xA5A5A5A5A5A5A5A5, BASE
    head = struct.pack(
        "<8sIIQQQQQQ32s64s92s", b"MYCREC1\n", 256, 4096, recording_id, 7, 9, base, now,
        now + 1000000, digest, b"everything", b"")
    out = head + struct.pack("<I", crc32c(head))
    records = record(TIME, 0, struct.pack("<Q", now))
    for message, version, value in recorded():
        records += record(message.type_id, version, message.payload(version, value))
    records += record(GAP, 0, LOST)
    out += block(b"MYCB", len(out), base, base + 6, now, recording_id, records)
    return out + block(b"MYCE", len(out), base + 6, base + 6, now, recording_id, b"")


def hello(kind, digest, form):
    data = (5, 6, 7, 8) if kind else (0, 0, 0, 0)
    return struct.pack(
        "<8sHHHHHHI32s32s32s6QII16s", b"MYCELIUM", 1, 2, kind, 5, 2, 0, 0x45564552, digest,
        b"left", b"right", 0x0102030405060708, *data, 0x1112131415161718, len(form), 65536, b"")


def session(digest, form):
    """(name, version, payload) of each record, type ids from HELLO on in this order."""
    last = (len(form) - 1) // 184 * 184
    return [
        ("HELLO_CONTROL", 0, 1, hello(0, digest, form)),
        ("HELLO_DATA", 0, 1, hello(1, digest, form)),
        ("WELCOME", 1, 1, struct.pack("<32sQQQ", b"right", 1 << 60, 1 << 40, 9)),
        ("REJECT", 2, 1, struct.pack(
            "<I4x32s72s72s", 20, b"contract id", b"0x45564552", b"0x4D594345")),
        ("ANNOUNCE", 3, 1, struct.pack("<QQ64s", 5, 6, b"market-data")),
        ("SUBSCRIBE", 4, 1, struct.pack("<QQQ", 5, 6, 7)),
        ("ATTACH", 5, 1, struct.pack("<QQIIQQ", 7, 65536, 1, 2, 4096, 17)),
        ("UNSUBSCRIBE", 6, 1, struct.pack("<QII", 5, 1, 2)),
        ("ACK", 7, 1, struct.pack("<Q", 1 << 63)),
        ("HEARTBEAT", 8, 1, struct.pack("<Q", 1 << 62)),
        ("BYE", 9, 1, bytes(8)),
        ("CONTRACT_FIRST", 10, 2, struct.pack("<II184s", len(form), 0, form[:184])),
        ("CONTRACT_LAST", 10, 2, struct.pack("<II184s", len(form), last, form[last:])),
    ]


def canonical(lock):
    """The newest canonical form that a lock holds."""
    at = lock.rindex(b"\ncanonical ") + 1
    end = lock.index(b"\n", at)
    return lock[end + 1:end + 1 + int(lock[at:end].split()[2])]


def main(arguments):
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    folder = arguments[0]
    try:
        with open(os.path.join(folder, "contracts.lock"), "rb") as file:
            form = canonical(file.read())
    except (OSError, ValueError) as error:
        print("%s/contracts.lock: %s" % (folder, error), file=sys.stderr)
        return 2
    digest = hashlib.sha256(form).digest()
    records, lines = stream()
    texts = {
        "records.bin": records,
        "records.json": "".join(line + "\n" for line in lines).encode(),
        "recording.json": "".join(line + "\n" for line in recorded_lines()).encode(),
        "recording.rec": recording(digest),
        "session.txt": "".join(
            "%s %s\n" % (name, record(HELLO + offset, version, payload).hex())
            for name, offset, version, payload in session(digest, form)).encode(),
    }
    for name, data in texts.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
