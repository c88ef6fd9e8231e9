"""How an environment changes the confirmation that a kind of destination brings.

    [destinations.calls.confirmation]
    window_s = 10        # when the event should have come; then Genesys is asked
    hold_s = 120         # how long an event that came too early waits for its predecessor
    topics = [...]       # the events that a request causes
    follows = [...]      # further events whose order the record keeps
    completed_by = [...] # those that complete the record; none: any of topics

`key` ("answer", "conversation" or a member of the item) says what the events name.
`confirmation = false` switches it off. Where the kind brings none of its own, `truth` may be said:
the path with {key} at which a GET tells what became of a request; and `match` must be
("correlation", "conversation" or "entity"), unless no event tells and only `truth` and `key` are
said: then Genesys is asked before a request is repeated. `compensation` is the request that makes
good where Genesys shows something else: `method`, `path` with {key}, and `body`; without it a
person is asked.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lambdas.relay.destinations.correlation import (
    ANSWER,
    CONVERSATION,
    SIMPLE_WINDOW_S,
    Compensation,
    Confirmation,
    Match,
)
from lambdas.relay.destinations.destination import refuse_unknown
from lambdas.relay.destinations.kind import Kind
from lambdas.relay.destinations.truth import truth_at
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.limits import SQS_DELAY_MAX_S
from lambdas.relay.kernel.paths import is_straight
from stacks.schema.topics import check_topics

#: what a confirmation can say; the second where its kind brings none of its own
SETTINGS = ("window_s", "hold_s", "topics", "follows", "completed_by", "key", "compensation")
GENERIC_ONLY = ("match", "truth")
COMPENSATION_SETTINGS = ("method", "path", "body")
COMPENSATION_METHODS = ("POST", "PUT", "PATCH", "DELETE")
#: a path in which only {key} is filled in
KEY_PATH = re.compile(r"(?=.*\{key\})/([^{}]|\{key\})*")
MATCHES: Mapping[str, Match] = {
    "correlation": "correlation",
    "conversation": "conversation",
    "entity": "entity",
}


def read(section: Json, kind: Kind, where: str) -> Confirmation | None:
    """What `section`, a destination's `confirmation`, makes of its kind's own. Raises ValueError
    with one sentence."""
    own = kind.confirmation
    if section is None:
        return None if kind.confirms_on_request else own
    if section is False:
        return None
    if not isinstance(section, Mapping):
        raise ValueError(f"{where} must be a section of names and values, or false")
    refuse_unknown(section, SETTINGS if own else (*SETTINGS, *GENERIC_ONLY), where)
    confirmation = own or _generic(section, where)
    topics = _topics(section, "topics", confirmation.topics, where)
    made = replace(
        confirmation,
        window_s=_seconds(section, "window_s", confirmation.window_s, where),
        hold_s=_seconds(section, "hold_s", confirmation.hold_s, where),
        topics=topics,
        follows=_topics(section, "follows", confirmation.follows, where),
        completed_by=_topics(section, "completed_by", confirmation.completed_by, where),
        key=_key(section, confirmation.key, where),
        compensation=_compensation(section.get("compensation"), f"{where}.compensation"),
    )
    if not topics and not (_is_asked_only(section) and made.asks_first):
        raise ValueError(
            f"{where}.topics must name the events that a request causes; or say only truth and "
            "key, a member of the item, to have Genesys asked before a request is repeated"
        )
    return made


def _is_asked_only(section: Mapping[str, Json]) -> bool:
    """No event tells of a request, so that there is nothing to match either."""
    return "truth" in section and section.keys() <= {"truth", "key"}


def _generic(section: Mapping[str, Json], where: str) -> Confirmation:
    match = MATCHES.get("entity" if _is_asked_only(section) else str(section.get("match")))
    if match is None:
        raise ValueError(f"{where}.match must be one of {', '.join(MATCHES)}")
    path = section.get("truth")
    truth = None if path is None else truth_at(_path(path, f"{where}.truth"))
    return Confirmation(
        match=match,
        topics=(),
        window_s=SIMPLE_WINDOW_S,
        owned=False,
        truth=truth,
    )


def _compensation(section: Json, where: str) -> Compensation | None:
    if section is None:
        return None
    if not isinstance(section, Mapping):
        raise ValueError(f"{where} must be a section with {', '.join(COMPENSATION_SETTINGS)}")
    refuse_unknown(section, COMPENSATION_SETTINGS, where)
    method, body = section.get("method"), section.get("body", {})
    if method not in COMPENSATION_METHODS:
        known = ", ".join(COMPENSATION_METHODS)
        raise ValueError(f"{where}.method is {method!r}; expected one of {known}")
    if not isinstance(body, Mapping):
        raise ValueError(f"{where}.body must be a section of names and values")
    return Compensation(method, _path(section.get("path"), f"{where}.path"), body)


def _path(value: Json, where: str) -> str:
    if not (isinstance(value, str) and KEY_PATH.fullmatch(value) and is_straight(value)):
        raise ValueError(
            f"{where} must be a path with {{key}} in it and without segments of dots, such as "
            "/api/v2/x/{key}"
        )
    return value


def _key(section: Mapping[str, Json], usual: str, where: str) -> str:
    value = section.get("key", usual)
    if not isinstance(value, str) or not value:
        raise ValueError(
            f'{where}.key is {value!r}; expected "{ANSWER}", "{CONVERSATION}" or the name of a '
            "member of the item"
        )
    return value


def _seconds(section: Mapping[str, Json], name: str, usual: int, where: str) -> int:
    value = section.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= SQS_DELAY_MAX_S:
        raise ValueError(
            f"{where}.{name} is {value!r}; expected whole seconds from 1 to {SQS_DELAY_MAX_S}"
        )
    return value


def _topics(
    section: Mapping[str, Json], name: str, usual: Sequence[str], where: str
) -> tuple[str, ...]:
    value = section.get(name, list(usual))
    if not isinstance(value, list) or not all(isinstance(t, str) and t for t in value):
        raise ValueError(f"{where}.{name} must be a list of detail-types")
    check_topics(value, f"{where}.{name}")
    return tuple(value)
