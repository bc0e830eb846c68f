# SPDX-License-Identifier: MIT OR Apache-2.0
"""How messages lie in their payloads, and read as JSON.

Written from docs/reference/contracts.md and messages.md alone, so that the library, the generator and
this file can only agree by following the same pages. Each type has put(), which writes a value at
the next place where it may lie and returns where it ends, and json().
"""
import json
import struct


def up(at, alignment):
    return (at + alignment - 1) // alignment * alignment


class Number:
    zero = 0

    def __init__(self, size, is_signed=False):
        self.size, self.is_signed, self.alignment = size, is_signed, min(size, 8)

    def put(self, out, at, value):
        at = up(at, self.alignment)
        out[at:at + self.size] = value.to_bytes(self.size, "little", signed=self.is_signed)
        return at + self.size

    def json(self, value):
        return str(value) if self.size <= 4 else '"%d"' % value


class Float:
    """A value is a Python float, or the bits of a NaN."""

    zero = 0.0

    def __init__(self, size):
        self.size = self.alignment = size
        self.form = "<f" if size == 4 else "<d"
        self.quiet_nan = 0x7FC00000 if size == 4 else 0x7FF8000000000000

    def put(self, out, at, value):
        at = up(at, self.alignment)
        is_bits = isinstance(value, int)
        raw = value.to_bytes(self.size, "little") if is_bits else struct.pack(self.form, value)
        out[at:at + self.size] = raw
        return at + self.size

    def shortest(self, value):
        for digits in range(1, 18):
            text = "%.*e" % (digits - 1, value)
            try:
                if struct.pack(self.form, float(text)) == struct.pack(self.form, value):
                    return text
            except OverflowError:  # rounded to more than an f32 holds
                pass
        raise ValueError(value)

    def json(self, value):
        if isinstance(value, int):
            return '"NaN"' if value == self.quiet_nan else '"0x%0*x"' % (2 * self.size, value)
        if value in (float("inf"), float("-inf")):
            return '"Infinity"' if value > 0 else '"-Infinity"'
        mantissa, power = self.shortest(value).split("e")
        sign, digits = ("-", mantissa[1:]) if mantissa[0] == "-" else ("", mantissa)
        digits = digits.replace(".", "").rstrip("0") or "0"
        point = int(power) + 1  # digits before the point
        if value == 0:
            return sign + "0.0"
        if point > 17 or point < -4:
            return "%s%s.%se%d" % (sign, digits[0], digits[1:] or "0", point - 1)
        if point <= 0:
            return sign + "0." + "0" * -point + digits
        return sign + digits[:point].ljust(point, "0") + "." + (digits[point:] or "0")


class Bool:
    zero, alignment = False, 1

    def put(self, out, at, value):
        out[at] = 1 if value else 0
        return at + 1

    def json(self, value):
        return "true" if value else "false"


class Enum:
    """A value is a name, or a number that has none."""

    zero, alignment = 0, 4

    def __init__(self, **values):
        self.values = values

    def put(self, out, at, value):
        return U32.put(out, at, self.values.get(value, value))

    def json(self, value):
        names = {number: name for name, number in self.values.items()}
        value = names.get(value, value)
        return str(value) if isinstance(value, int) else '"%s"' % value


class Array:
    """[T; N]"""

    def __init__(self, element, count):
        self.element, self.count, self.alignment = element, count, element.alignment
        self.zero = bytes(count) if element is U8 else [element.zero] * count

    def put(self, out, at, value):
        assert len(value) == self.count
        at = up(at, self.alignment)
        for element in value:
            at = self.element.put(out, at, element)
        return at

    def json(self, value):
        if self.element is U8:
            return '"0x%s"' % bytes(value).hex()
        return "[%s]" % ",".join(self.element.json(element) for element in value)


class Vector:
    """vec<T, N>, and bytes<N> as vec<u8, N>: storage of elements that are not there is zero."""

    alignment, zero = 4, ()

    def __init__(self, element, most):
        self.element, self.most = element, most

    def put(self, out, at, value):
        assert len(value) <= self.most
        at = up(U32.put(out, at, len(value)), self.element.alignment)
        room = bytearray(1 << 16)
        size = self.element.put(room, 0, self.element.zero)
        for element in value:
            at = self.element.put(out, at, element)
        return at + size * (self.most - len(value))

    def json(self, value):
        return Array(self.element, len(value)).json(value)


class String:
    alignment, zero = 4, ""

    def __init__(self, most):
        self.most = most

    def put(self, out, at, value):
        text = value.encode()
        assert len(text) <= self.most
        at = U32.put(out, at, len(text))
        out[at:at + len(text)] = text
        return at + self.most

    def json(self, value):
        return json.dumps(value, ensure_ascii=False)


class Optional:
    """None is absent: then all of it is zero, where defaults of a struct would be."""

    alignment, zero = 1, None

    def __init__(self, inner):
        self.inner = inner

    def put(self, out, at, value):
        out[at] = 0 if value is None else 1
        start = up(at + 1, self.inner.alignment)
        end = self.inner.put(out, start, self.inner.zero if value is None else value)
        if value is None:
            out[start:end] = bytes(end - start)
        return end

    def json(self, value):
        return "null" if value is None else self.inner.json(value)


class Struct:
    """Fields are name=type, or name=(type, default). A value names those that are not default."""

    alignment = 8

    def __init__(self, **fields):
        self.fields = {
            name: field if isinstance(field, tuple) else (field, field.zero)
            for name, field in fields.items()}
        self.zero = {}

    def put(self, out, at, value):
        assert set(value) <= set(self.fields), value
        at = up(at, 8)
        for name, (kind, default) in self.fields.items():
            at = kind.put(out, at, value.get(name, default))
        return up(at, 8)

    def json(self, value):
        return "{%s}" % ",".join(
            '"%s":%s' % (name, kind.json(value.get(name, default)))
            for name, (kind, default) in self.fields.items())


class Union:
    """A value is (variant, value of its struct), or None if it was never set."""

    alignment, zero = 4, None

    def __init__(self, size, **variants):
        self.size, self.variants = size, variants

    def put(self, out, at, value):
        tag, body = self.variants[value[0]] if value else (0, None)
        at = up(U32.put(out, at, tag), 8)
        if body is not None:
            assert body.put(out, at, value[1]) <= at + self.size
        return at + self.size

    def json(self, value):
        if value is None:
            return "null"
        body = self.variants[value[0]][1]
        return '{"%s":%s}' % (value[0], "{}" if body is None else body.json(value[1]))


class Tail:
    """Bytes or text behind the fixed part; its place is filled in by Message.payload()."""

    alignment, zero = 4, b""

    def put(self, out, at, value):
        return up(at, 4) + 8

    def json(self, value):
        if isinstance(value, str):
            return json.dumps(value, ensure_ascii=False)
        return '"0x%s"' % value.hex()


class TextTail(Tail):
    zero = ""


U8, U16, U32, U64 = Number(1), Number(2), Number(4), Number(8)
I8, I16, I32, I64 = Number(1, True), Number(2, True), Number(4, True), Number(8, True)
U128, U256, I128, I256 = Number(16), Number(32), Number(16, True), Number(32, True)
F32, F64, BOOL = Float(4), Float(8), Bool()


class Message:
    """Fields are (version that brought it, name, type) or (version, name, type, default)."""

    def __init__(self, name, type_id, version, *fields):
        self.name, self.type_id, self.version = name, type_id, version
        self.fields = [field if len(field) == 4 else field + (field[2].zero,) for field in fields]

    def known(self, version):
        return [field for field in self.fields if field[0] <= version]

    def payload(self, version, value, appended=b""):
        """`appended`: what a version that is newer than this table has behind the fixed part."""
        assert set(value) <= {name for _, name, _, _ in self.known(version)}, value
        out = bytearray(1 << 20)
        at, last, tails = 0, 1, []
        for since, name, kind, default in self.known(version):
            if since > last:
                at, last = max(up(at, 8), 8), since
            at = kind.put(out, at, value.get(name, default))
            if isinstance(kind, Tail):
                data = value.get(name, default)
                tails.append((at - 8, data.encode() if isinstance(data, str) else data))
        end = max(up(at, 8), 8)
        out[end:end + len(appended)] = appended
        end = up(end + len(appended), 8)
        for place, data in tails:
            if data:
                U32.put(out, place, end)
                U32.put(out, place + 4, len(data))
                out[end:end + len(data)] = data
                end = up(end + len(data), 8)
        return bytes(out[:end])

    def json(self, version, value):
        return "{%s}" % ",".join(
            '"%s":%s' % (name, kind.json(value.get(name, default)))
            for _, name, kind, default in self.known(version))
