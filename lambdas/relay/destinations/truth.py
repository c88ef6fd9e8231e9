"""The truth: what Genesys shows, by a GET of its own, of what became of a request."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lambdas.relay.kernel.canonical import Json, canonical, digest, short
from lambdas.relay.kernel.limits import SHOWN_VALUE_CHARS_MAX

#: agrees: it is there; differs: something else is; absent: nothing of it is
Comparison = Literal["agrees", "differs", "absent"]


#: an id that does not exist
NOBODY = "00000000-0000-4000-8000-000000000000"


def one_of_its_kind(document: Json) -> Sequence[str]:
    """For what can be there once only."""
    return [str(document["id"])] if isinstance(document, dict) and "id" in document else ["?"]


def named(value: Json) -> str:
    """The key that a member of an item gives: itself, if it is a text."""
    return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Truth:
    """Where Genesys tells what became of a request."""

    #: with {key}, unless there is a `question`
    path: str
    #: what the answer says of what was expected
    compare: Callable[[Json, Mapping[str, Json]], Comparison]
    #: ids of what the answer holds under the key: more than one, and a duplicate slipped through
    copies: Callable[[Json], Sequence[str]] = one_of_its_kind
    #: a key is one item's alone, so that before a repetition it can be asked whether that took
    #: effect; False: what is found under it others may have made
    is_of_item: bool = False
    #: the key that the member has which the confirmation names; "" where it gives none
    key_of: Callable[[Json], str] = named
    #: the body of a POST that changes nothing; None: a GET
    question: Callable[[str], Json] | None = None
    #: a key under which there is nothing, to find out whether Genesys may be asked
    nobody: str = NOBODY


@dataclass(frozen=True, slots=True)
class Expectation:
    """One key of a request ("" until Genesys' answer gives it) and what is to be found there."""

    key: str
    shows: Mapping[str, Json]


def contains(document: Json, part: Json) -> bool:
    """Whether a document says at least what `part` says: objects may hold more, lists may not. A
    number is as good as its digits: Genesys keeps attributes as texts. Either may be an imprint."""
    if isinstance(part, Mapping):
        return isinstance(document, Mapping) and all(
            name in document and contains(document[name], value) for name, value in part.items()
        )
    return bool(imprint(document) == imprint(part))


def stands(document: Json, expected: Mapping[str, Json]) -> Comparison:
    """What was made is there, and says at least what was expected."""
    if not isinstance(document, dict) or not document:
        return "differs"
    return "agrees" if contains(document, expected) else "differs"


def upserted(document: Json, expected: Mapping[str, Json]) -> Comparison:
    """Where a request makes or changes what has the key: something else there is as good as
    nothing, since it may be what was there before, or a later change."""
    return "agrees" if stands(document, expected) == "agrees" else "absent"


def truth_at(path: str) -> Truth:
    """Of a destination that an environment describes: under a key of its own, the item itself."""
    return Truth(path, stands, is_of_item=True)


def imprint(value: Json) -> Json:
    """The same with every long value as a hash: enough to know it again by."""
    if isinstance(value, Mapping):
        return {name: imprint(each) for name, each in value.items()}
    text = value if isinstance(value, str) else canonical(value)
    if len(text) <= SHOWN_VALUE_CHARS_MAX:
        return text
    return f"~{short(digest('shown', canonical(text)), 26)}"


def imprinted(shows: Mapping[str, Json], most_chars: int) -> dict[str, Json]:
    """As much of what is shown as fits: whole, or else of each member what fits, as imprints."""
    if len(canonical(shows)) <= most_chars:
        return dict(shows)
    kept: dict[str, Json] = {}
    left = most_chars
    for name, value in shows.items():
        inside = value.items() if isinstance(value, Mapping) else [("", value)]
        some = {}
        for key, each in inside:
            print_ = imprint(each)
            left -= len(canonical([name, key, print_]))
            if left >= 0:
                some[key] = print_
        if some:
            kept[name] = some if isinstance(value, Mapping) else some[""]
    return kept
