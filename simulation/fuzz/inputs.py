"""Damaged documents: a valid one, damaged as no author would damage it."""

import json
from collections.abc import Callable
from random import Random

from lambdas.relay.kernel.canonical import Json

#: longer than any limit of a field, shorter than what makes a run slow (characters)
LONG = 3_000
#: deeper than the deepest document that is read (levels)
DEEP = 1_200

#: values that some reader somewhere does not expect
ODD: tuple[Json, ...] = (
    None, True, False, 0, -1, 1, 2**53 + 1, -(2**63), 10**400, 1e308, 0.1, 1e-320,
    "", " ", ".", "..", "/", "%2e%2e", "\\", "\x00", "\u2028", "\ud800", "ü" * 40, "inf", "nan",
    "1e999", "-0", "²", "١٢", "9" * 40, "2026-11-20T10:00:00Z", "0000-01-01T00:00:00Z", "null",
    "{}", "[]", "é" * LONG, [], {}, [[]], {"": ""}, {"id": {"id": {}}}, [None, True, "x"],
)  # fmt: skip


def damaged(document: Json, random: Random) -> str:
    """The text of the document after one to four damages to its tree, and sometimes to its text."""
    for _ in range(random.randint(1, 4)):
        document = _somewhere(document, random, random.choice(_DAMAGES))
    # A lone surrogate is how JSON's \ud800 arrives; it is written as such.
    text = json.dumps(document)
    return _torn(text, random) if random.random() < 0.15 else text


def _odd(_: Json, random: Random) -> Json:
    return random.choice(ODD)


def _wrapped(value: Json, random: Random) -> Json:
    return random.choice(([value], {"value": value}, {"id": value}))


def _as_text(value: Json, _: Random) -> Json:
    return json.dumps(value)


def _deep(_: Json, random: Random) -> Json:
    nested: Json = 1
    for _level in range(random.choice((20, 200, DEEP // 4))):
        nested = [nested]
    return nested


def _without(value: Json, random: Random) -> Json:
    match value:
        case dict() if value:
            gone = random.choice(list(value))
            return {name: each for name, each in value.items() if name != gone}
        case list() if value:
            gone_at = random.randrange(len(value))
            return value[:gone_at] + value[gone_at + 1 :]
        case _:
            return None


def _with_more(value: Json, random: Random) -> Json:
    match value:
        case dict():
            return {**value, random.choice(("id", "v", "ü", "", "x" * 300)): random.choice(ODD)}
        case list():
            return [*value, *value, random.choice(ODD)]
        case str():
            return value + random.choice(("\x00", "\ud800", " ", "/..", "é" * 300))
        case _:
            return [value] * 300


_DAMAGES: tuple[Callable[[Json, Random], Json], ...] = (
    _odd, _odd, _odd, _without, _without, _with_more, _wrapped, _as_text, _deep,
)  # fmt: skip


def _somewhere(document: Json, random: Random, damage: Callable[[Json, Random], Json]) -> Json:
    """Puts the damage somewhere in the tree; a deeper place is likelier."""
    if random.random() < 0.15:
        return damage(document, random)
    match document:
        case dict() if document:
            name = random.choice(list(document))
            return {**document, name: _somewhere(document[name], random, damage)}
        case list() if document:
            at = random.randrange(len(document))
            return [*document[:at], _somewhere(document[at], random, damage), *document[at + 1 :]]
        case _:
            return damage(document, random)


def _torn(text: str, random: Random) -> str:
    at = random.randrange(len(text) + 1)
    return random.choice(
        (text[:at], text[at:], text + text, "\ufeff" + text, text[:at] + "\x00" + text[at:], "")
    )
