#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes messages_5.txt, or with --check says whether it is what would be written.

    vectors.py [--check] [FILE]

Exit status: 0, 1 (--check: the file differs), 2 (wrong usage, or the file cannot be read).
"""
import os
import sys

sys.dont_write_bytecode = True
from everything_5 import CASES  # noqa: E402

HEAD = """\
# Messages of tests/contracts/everything.yaml as bytes, written by vectors.py, which shares no code
# with the library. Each: name, type id and version of the record, bytes of the payload, case; the
# payload in lines of at most 32 bytes; "json": what it says. Of records of other versions than
# today's also "completed": the same with the fields of today, and "today": the payload that
# a program of today writes for it.
"""


def hexadecimal(payload):
    return ["    " + payload[at:at + 32].hex() for at in range(0, len(payload), 32)]


def lines():
    seen = set()
    for message, version, name, value, *rest in CASES:
        assert (message.name, version, name) not in seen, (message.name, version, name)
        seen.add((message.name, version, name))
        payload = message.payload(version, value, *rest)
        yield "message %s %d %d %d %s" % (
            message.name, message.type_id, version, len(payload), name)
        yield from hexadecimal(payload)
        yield "json " + message.json(version, value)
        if version != message.version:
            today = message.payload(message.version, value)
            yield "completed " + message.json(message.version, value)
            yield "today %d" % len(today)
            yield from hexadecimal(today)


def main(arguments):
    is_check = arguments[:1] == ["--check"]
    names = arguments[is_check:]
    if len(names) > 1 or any(name.startswith("-") for name in names):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    here = os.path.dirname(os.path.abspath(__file__))
    path = names[0] if names else os.path.join(here, "messages_5.txt")
    text = HEAD + "".join(line + "\n" for line in lines())
    if not is_check:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return 0
    try:
        with open(path, encoding="utf-8") as file:
            found = file.read()
    except (OSError, UnicodeError) as error:
        print("%s: %s" % (path, error), file=sys.stderr)
        return 2
    if found == text:
        return 0
    wanted = text.splitlines()
    for number, line in enumerate(found.splitlines() + ["(its end)"], 1):
        if number > len(wanted) or line != wanted[number - 1]:
            break
    print("%s:%d: differs from what vectors.py writes" % (path, number), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
