# SPDX-License-Identifier: MIT OR Apache-2.0
"""The messages of tests/contracts/everything.yaml, version 5, and what the vectors say in them.

A case is (message, version, name, values), perhaps with bytes that a newer version appended. Fields
that a case does not name have their defaults.
"""
from layout import *

SIDE = Enum(NONE=0, BUY=1, SELL=2, SHORT=4)
VENUE = Enum(UNKNOWN=0, LONDON=1, TOKYO=16, LAST=4294967295)
LEVEL = Enum(LOW=1, HIGH=2)
PRICE = Struct(units=I64, scale=(U8, 6), is_firm=(BOOL, True))
LIMIT_ORDER = Struct(price=PRICE, account=Array(U8, 12), side=(SIDE, "BUY"))
STOP_ORDER = Struct(
    trigger=Optional(PRICE), levels=Vector(PRICE, 2), note=(String(10), "stop"))
DETAIL = Union(
    128, limit=(1, LIMIT_ORDER), market=(2, None), stop=(3, STOP_ORDER), peg=(5, None))
SIGNAL = Union(0, go=(1, None), wait=(4294967295, None))
WRAPPER = Struct(detail=DETAIL, weight=F64)

SCALARS = Message(
    "Scalars", 1, 1,
    (1, "a_u8", U8), (1, "a_u16", U16), (1, "a_u32", U32), (1, "a_u64", U64),
    (1, "an_i8", I8), (1, "an_i16", I16), (1, "an_i32", I32), (1, "an_i64", I64),
    (1, "an_f32", F32), (1, "an_f64", F64), (1, "a_bool", BOOL),
    (1, "a_u128", U128), (1, "a_u256", U256), (1, "an_i128", I128), (1, "an_i256", I256))
OPTIONALS = Message(
    "Optionals", 2, 1,
    (1, "a_number", Optional(U16)), (1, "a_wide", Optional(U256)), (1, "a_flag", Optional(BOOL)),
    (1, "some_bytes", Optional(Array(U8, 5))), (1, "a_side", Optional(SIDE)),
    (1, "a_price", Optional(PRICE)), (1, "numbers", Optional(Vector(U32, 3))),
    (1, "text", Optional(String(6))), (1, "prices", Optional(Array(PRICE, 2))))
ARRAYS = Message(
    "Arrays", 3, 1,
    (1, "bytes", Array(U8, 20)), (1, "numbers", Array(I32, 3)), (1, "wides", Array(U256, 2)),
    (1, "floats", Array(F64, 2)), (1, "flags", Array(BOOL, 5)), (1, "sides", Array(SIDE, 2)),
    (1, "prices", Array(PRICE, 2)), (1, "hashes", Array(Array(U8, 32), 2)))
VECTORS = Message(
    "Vectors", 4, 1,
    (1, "blob", Vector(U8, 9)), (1, "numbers", Vector(U64, 4)), (1, "smalls", Vector(I16, 3)),
    (1, "wides", Vector(I128, 2)), (1, "floats", Vector(F32, 3)), (1, "flags", Vector(BOOL, 3)),
    (1, "sides", Vector(SIDE, 3)), (1, "prices", Vector(PRICE, 2)),
    (1, "keys", Vector(Array(U8, 3), 4)), (1, "name", String(24)))
DEFAULTS = Message(
    "Defaults", 5, 1,
    (1, "small", U8, 255), (1, "negative", I32, -5), (1, "lowest", I64, -2**63),
    (1, "ratio", F32, 0.25), (1, "exact", F64, -1500.0), (1, "yes", BOOL, True),
    (1, "wide", U128, 2**128 - 1), (1, "wider", U256, 2**128), (1, "below", I256, -1),
    (1, "side", SIDE, "SELL"), (1, "level", LEVEL, "LOW"), (1, "address", Array(U8, 4), b"\1\2\3\4"),
    (1, "pair", Array(U16, 2), [1, 2]),
    (1, "hashes", Array(Array(U8, 2), 2), [b"\xaa\xbb", b"\xcc\xdd"]),
    (1, "steps", Vector(I16, 4), [-1, 2]), (1, "sides", Vector(SIDE, 4), ["BUY"]),
    (1, "blob", Vector(U8, 4), b"\xbe\xef"), (1, "greeting", String(8), "höi"),
    (1, "empty", String(8)), (1, "zero", U32), (1, "price", PRICE))
RULES = Message(
    "Rules", 6, 1,
    (1, "percent", U8, 1), (1, "offset", I32), (1, "limited", U256), (1, "lowest", I128),
    (1, "ratio", F64), (1, "narrow", F32), (1, "account", U64), (1, "key", Array(U8, 8)),
    (1, "symbol", String(12)), (1, "parts", Vector(U16, 8)), (1, "token", String(32)),
    (1, "maybe", Optional(I16)))
NOTHING = Message("Nothing", 7, 1)
BLOB = Message("Blob", 8, 1, (1, "number", U32), (1, "body", Tail()), (1, "title", TextTail()))
TAGGED = Message(
    "Tagged", 100, 1,
    (1, "detail", DETAIL), (1, "signal", SIGNAL), (1, "wrapper", WRAPPER), (1, "venue", VENUE))
GROWN = Message(
    "Grown", 101, 4,
    (1, "id", U32), (1, "side", SIDE), (2, "amount", U16, 10), (2, "limit", Optional(U64)),
    (3, "tags", Vector(U8, 6)), (3, "level", LEVEL, "HIGH"), (4, "detail", DETAIL),
    (4, "comment", TextTail()), (4, "last", U8, 1))
LATE = Message("Late", 200, 2, (2, "reason", String(16), "none"))


def price(units, scale=6, is_firm=True):
    return {"units": units, "scale": scale, "is_firm": is_firm}


INF = float("inf")
LOWEST = price(-2**63, 0, False)
HIGHEST = price(2**63 - 1, 18, True)
STOP = ("stop", {"trigger": price(3, 0), "levels": [price(4, 6, False)], "note": "note"})
FULL_STOP = ("stop", {"trigger": LOWEST, "levels": [HIGHEST, LOWEST], "note": "0123456789"})
EMPTY_STOP = ("stop", {"trigger": None, "levels": [], "note": ""})
LIMIT = ("limit", {"price": HIGHEST, "account": bytes(range(12)), "side": "SHORT"})
RULED = {"account": 1, "key": b"\1" + bytes(7), "symbol": "A", "parts": [10, 65535]}


def scalars(sign, f32, f64):
    """The least (sign 0) or greatest (1) of each width."""
    out = {"an_f32": f32, "an_f64": f64, "a_bool": bool(sign)}
    for bits in (8, 16, 32, 64, 128, 256):
        out["a_u%d" % bits] = sign * (2**bits - 1)
        out["an_i%d" % bits] = 2**(bits - 1) - 1 if sign else -2**(bits - 1)
    return out


CASES = [
    (SCALARS, 1, "sample", {
        "a_u8": 0xFE, "a_u16": 0xFEDC, "a_u32": 0xFEDCBA98, "a_u64": 0xFEDCBA9876543210,
        "an_i8": -2, "an_i16": -300, "an_i32": -70000, "an_i64": -5000000000, "an_f32": -1.5,
        "an_f64": 3.25, "a_bool": True, "a_u128": 1 | 2 << 64,
        "a_u256": 1 | 2 << 64 | 3 << 128 | 4 << 192, "an_i128": -2, "an_i256": -2**255}),
    (SCALARS, 1, "initial", {}),
    (SCALARS, 1, "least", scalars(0, -INF, -INF)),
    (SCALARS, 1, "greatest", scalars(1, 3.4028234663852886e38, 1.7976931348623157e308)),
    (SCALARS, 1, "tiny", {"an_f32": 2.0**-149, "an_f64": 5e-324}),
    (SCALARS, 1, "normal", {"an_f32": 2.0**-126, "an_f64": 2.2250738585072014e-308}),
    (SCALARS, 1, "minus_zero", {"an_f32": -0.0, "an_f64": -0.0}),
    (SCALARS, 1, "infinite", {"an_f32": INF, "an_f64": INF}),
    (SCALARS, 1, "nan", {"an_f32": 0x7FC00000, "an_f64": 0x7FF8000000000000}),
    (SCALARS, 1, "other_nan", {"an_f32": 0xFF800001, "an_f64": 0x7FF8000000000001}),
    (SCALARS, 1, "digits", {"an_f32": 0.10000000149011612, "an_f64": 0.1}),
    (SCALARS, 1, "long", {"an_f32": 16777216.0, "an_f64": 12345678901234568.0}),
    (OPTIONALS, 1, "sample", {
        "a_number": 513, "a_wide": 5 | 256 << 192, "a_flag": True, "some_bytes": b"abcde",
        "a_side": "SHORT", "a_price": price(-7, 2, False), "numbers": [1, 0x01020304],
        "text": "höi", "prices": [price(1), price(2)]}),
    (OPTIONALS, 1, "absent", {}),
    (OPTIONALS, 1, "zeros", {
        "a_number": 0, "a_wide": 0, "a_flag": False, "some_bytes": bytes(5), "a_side": "NONE",
        "a_price": price(0, 0, False), "numbers": [], "text": "",
        "prices": [price(0, 0, False), price(0, 0, False)]}),
    (OPTIONALS, 1, "full", {
        "a_number": 65535, "a_wide": 2**256 - 1, "a_flag": True, "some_bytes": b"\xff" * 5,
        "a_side": "SELL", "a_price": HIGHEST, "numbers": [2**32 - 1, 0, 2**32 - 2],
        "text": "€uro", "prices": [LOWEST, HIGHEST]}),
    *[(OPTIONALS, 1, "only_" + name, {name: value}) for name, value in (
        ("a_number", 1), ("a_wide", 1), ("a_flag", False), ("some_bytes", b"12345"),
        ("a_side", "BUY"), ("a_price", {}), ("numbers", [7]), ("text", "\t\"\\\n\x01"),
        ("prices", [{}, {}]))],
    (ARRAYS, 1, "sample", {
        "bytes": bytes(range(1, 21)), "numbers": [-1, 2, -3], "wides": [2**255, 2],
        "floats": [0.5, -2.0], "flags": [True, False, True, False, True],
        "sides": ["BUY", "SELL"], "prices": [price(11), price(22)],
        "hashes": [bytes(range(0xA0, 0xC0)), bytes(range(0x40, 0x60))]}),
    (ARRAYS, 1, "initial", {}),
    (ARRAYS, 1, "extremes", {
        "bytes": b"\xff" * 20, "numbers": [-2**31, 2**31 - 1, 0], "wides": [2**256 - 1, 0],
        "floats": [INF, 5e-324], "flags": [True] * 5, "sides": ["SHORT", "NONE"],
        "prices": [LOWEST, HIGHEST], "hashes": [b"\xff" * 32, bytes(32)]}),
    (VECTORS, 1, "sample", {
        "blob": b"\xde\xad", "numbers": [2**63, 2], "smalls": [-1], "wides": [-9],
        "floats": [0.25], "flags": [True, False], "sides": ["SELL"],
        "prices": [price(5, 1, False)], "keys": [b"abc", b"xyz"], "name": "name"}),
    (VECTORS, 1, "empty", {}),
    (VECTORS, 1, "full", {
        "blob": bytes(range(0xF7, 0x100)), "numbers": [2**64 - 1, 0, 1, 2**63],
        "smalls": [-2**15, 0, 2**15 - 1], "wides": [-2**127, 2**127 - 1],
        "floats": [0x7FC00000, -INF, -0.0], "flags": [False, True, True],
        "sides": ["NONE", "SHORT", "BUY"], "prices": [LOWEST, HIGHEST],
        "keys": [b"\0\0\0", b"\xff\xff\xff", b"abc", b"xyz"], "name": "four bytes: 🍄 or less"}),
    (DEFAULTS, 1, "sample", {}),
    (DEFAULTS, 1, "zeros", {
        "small": 0, "negative": 0, "lowest": 0, "ratio": 0.0, "exact": 0.0, "yes": False,
        "wide": 0, "wider": 0, "below": 0, "side": "NONE", "level": "HIGH", "address": bytes(4),
        "pair": [0, 0], "hashes": [bytes(2), bytes(2)], "steps": [], "sides": [], "blob": b"",
        "greeting": "", "price": price(0, 0, False)}),
    (DEFAULTS, 1, "full", {
        "steps": [-2**15, 2**15 - 1, 0, 1], "sides": ["NONE", "BUY", "SELL", "SHORT"],
        "blob": b"\xff" * 4, "greeting": "12345678", "empty": "ÄÖÜß", "zero": 2**32 - 1,
        "price": HIGHEST}),
    (RULES, 1, "sample", RULED),
    (RULES, 1, "least", {
        "percent": 1, "offset": -10, "limited": 0, "lowest": -2**127,
        "ratio": 0.0, "narrow": -3.4028234663852886e38, "account": 1, "key": bytes(7) + b"\1",
        "symbol": " ", "parts": [10, 10], "token": "", "maybe": 0}),
    (RULES, 1, "greatest", {
        "percent": 100, "offset": 10, "limited": 2**136 - 1, "lowest": 2**127 - 1, "ratio": 1.0,
        "narrow": 3.4028234663852886e38, "account": 2**64 - 1, "key": b"\xff" * 8,
        "symbol": "~~~~~~~~", "parts": [65535] * 6, "token": "t" * 32, "maybe": 32767}),
    (NOTHING, 1, "sample", {}),
    (BLOB, 1, "sample", {"number": 77, "body": b"\0\1\2", "title": "title"}),
    (BLOB, 1, "no_body", {"number": 2**32 - 1, "title": "t"}),
    *[(BLOB, 1, "body_%d" % size, {"body": b"\xff" * size, "title": "eight ch"})
      for size in (1, 7, 8, 9)],
    (BLOB, 1, "long_title", {"body": bytes(range(256)), "title": "~" * 100}),
    (TAGGED, 1, "sample", {
        "detail": LIMIT, "signal": ("wait", None),
        "wrapper": {"detail": STOP, "weight": -1.5}, "venue": "TOKYO"}),
    (TAGGED, 1, "limits", {
        "detail": ("limit", {}), "signal": ("go", None),
        "wrapper": {"detail": LIMIT, "weight": 1e300}, "venue": "UNKNOWN"}),
    (TAGGED, 1, "markets", {
        "detail": ("market", None), "signal": ("go", None),
        "wrapper": {"detail": ("market", None)}, "venue": "LONDON"}),
    (TAGGED, 1, "stops", {
        "detail": FULL_STOP, "signal": ("wait", None),
        "wrapper": {"detail": EMPTY_STOP, "weight": 1e-300}, "venue": "LAST"}),
    (TAGGED, 1, "pegs", {
        "detail": ("peg", None), "signal": ("wait", None),
        "wrapper": {"detail": ("peg", None), "weight": -0.0}, "venue": 77}),
    (GROWN, 4, "sample", {
        "id": 9, "side": "BUY", "amount": 15, "limit": 99, "tags": b"\7\10", "level": "LOW",
        "detail": STOP, "comment": "comment", "last": 6}),
    (GROWN, 1, "sample", {"id": 9, "side": "BUY"}),
    (GROWN, 1, "initial", {}),
    (GROWN, 1, "greatest", {"id": 2**32 - 1, "side": "SHORT"}),
    (GROWN, 2, "initial", {}),
    (GROWN, 2, "greatest", {"id": 2**32 - 1, "amount": 65535, "limit": 2**64 - 1}),
    (GROWN, 2, "zeros", {"amount": 0, "limit": 0}),
    (GROWN, 3, "initial", {}),
    (GROWN, 3, "full", {
        "id": 1, "side": "SELL", "amount": 65535, "limit": 1, "tags": b"\1\2\3\4\5\6",
        "level": "LOW"}),
    (GROWN, 4, "no_comment", {"detail": ("market", None)}),
    (GROWN, 4, "long_comment", {
        "id": 2**32 - 1, "side": "SHORT", "amount": 0, "limit": 0, "tags": bytes(6),
        "detail": LIMIT, "comment": "ä" * 500, "last": 255}),
    (GROWN, 5, "newer", {"id": 3, "detail": ("peg", None), "comment": "from the future"},
     b"appended"),
    (GROWN, 65535, "newest", {"id": 4, "detail": FULL_STOP}, b"\xff" * 24),
    (LATE, 1, "sample", {}),
    (LATE, 2, "sample", {"reason": "because"}),
    (LATE, 2, "initial", {}),
    (LATE, 2, "empty", {"reason": ""}),
    (LATE, 2, "full", {"reason": "0123456789abcdef"}),
    (LATE, 3, "newer", {"reason": "newer"}, b"\1\2\3\4\5\6\7\10"),
]
