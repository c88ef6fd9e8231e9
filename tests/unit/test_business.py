"""Business events: the published schema, and identities that survive a sender's retries."""

import copy
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

from lambdas.relay.entrances import business
from lambdas.relay.entrances.events import Event, read_envelope
from lambdas.relay.entrances.reading import iso_ms
from lambdas.relay.functions.intake import Deps as IntakeDeps
from lambdas.relay.functions.intake import intake
from lambdas.relay.kernel.canonical import canonical
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.reasons import sentence
from lambdas.relay.ledger.claims import claim
from lambdas.relay.messages.sealing import decode
from lambdas.relay.routes import mapping
from stacks.schema.parsing import parse
from tests.unit.test_effects import Relay
from tests.unit.world import World

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "schema" / "business-event.schema.json").read_text("utf-8")
)
NOW_MS = 1_767_952_800_000
STEP = SCHEMA["examples"][0]

FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time")
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or iso_ms(value) is not None


def _pattern(validator: object, pattern: str, value: object, schema: object) -> Iterator[Exception]:
    """JSON Schema's patterns are ECMAScript's: `$` is the end, not the last line's."""
    if isinstance(value, str) and not re.search(pattern.replace("$", r"\Z"), value):
        yield ValidationError("pattern")


_VALIDATOR: Any = validators.extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]
PUBLISHED = _VALIDATOR(SCHEMA, format_checker=FORMATS)


def event(source: str = "shop", **changes: Any) -> Event:
    """The example, with members changed, or removed where None."""
    detail = {**copy.deepcopy(STEP), **changes}
    return envelope(source, {name: value for name, value in detail.items() if value is not None})


def envelope(source: str, detail: dict[str, Any]) -> Event:
    return read_envelope(
        {
            "id": "11111111-2222-4333-8444-555555555555",
            "source": source,
            "detail-type": "order.shipped",
            "time": "2026-01-09T09:07:00Z",
            "detail": detail,
        },
        NOW_MS,
    )


# The published form


def test_the_schema_is_a_schema_and_its_examples_are_events() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for example in SCHEMA["examples"]:
        PUBLISHED.validate(example)
        assert envelope("shop", example).topic == example["type"]


#: members as senders write them: right, nearly right, and quite wrong
_WORDS = st.text(max_size=8) | st.sampled_from(["a" * n for n in (128, 129, 256, 257)])
_MOMENTS = st.sampled_from(
    [
        "2026-01-31T09:30:00Z",
        "2026-01-31T09:30:00.123456789+05:30",
        "2026-02-30T09:30:00Z",
        "2024-02-29T23:59:59-23:59",
        "2026-01-31T24:00:00Z",
        "2026-01-31T09:30:60Z",
        "2026-01-31 09:30:00Z",
        "2026-01-31T09:30:00",
        "2026-01-31",
        "1899-12-31T00:00:00Z",
        "2026-01-31T09:30:00Z\n",
        "\uff12026-01-31T09:30:00Z",
        "2026-W05-6T09:30:00Z",
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=6,
)
_MANY = st.integers(24, 27).map(lambda n: {f"k{i}": "v" for i in range(n)})
_MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    "id": _WORDS | _JSON,
    "type": _WORDS | _JSON,
    "occurredAt": _MOMENTS | _MOMENTS | _JSON,
    "correlationId": st.from_regex(r"[A-Za-z0-9._:-]{1,5}\n?", fullmatch=True) | _WORDS | _JSON,
    "identifiers": st.dictionaries(_WORDS, _WORDS, max_size=3) | _MANY | _JSON,
    "attributes": st.dictionaries(_WORDS, _JSON, max_size=3) | _JSON,
    "atributes": _JSON,
}
_GOOD_BUT_FOR_ONE = st.sampled_from(sorted(_MEMBERS)).flatmap(
    lambda name: _MEMBERS[name].map(lambda value: {**STEP, name: value})
)


@settings(max_examples=800, deadline=None)
@given(_GOOD_BUT_FOR_ONE | st.fixed_dictionaries({}, optional=_MEMBERS))
def test_the_functions_take_exactly_what_the_schema_takes(detail: dict[str, Any]) -> None:
    assert (business.problem(detail) is None) == PUBLISHED.is_valid(detail)


@given(st.fixed_dictionaries({"type": st.just("t"), "occurredAt": _MOMENTS}))
def test_a_time_is_read_alike(detail: dict[str, Any]) -> None:
    assert (business.problem(detail) is None) == PUBLISHED.is_valid(detail)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"type": None}, "detail has no type"),
        ({"occurredAt": None}, "detail has no occurredAt"),
        ({"type": 7}, "in detail, type is a number, not a string"),
        ({"id": "i" * 257}, "in detail, id has 257 characters; it must have 1 to 256"),
        ({"occurredAt": "yesterday"}, "such as 2026-01-31T09:30:00Z"),
        ({"occurredAt": "2026-01-31T09:30:00"}, "not a date and time with an offset"),
        ({"correlationId": "two words"}, "in detail, correlationId must be 1 to 128"),
        ({"identifiers": {"customerId": 7}}, "an identifier is not a string"),
        ({"attributes": [1]}, "in detail, attributes is a list, not an object"),
        ({"atributes": {}}, "detail has the unknown member atributes"),
        ({"tel:+15555550142": 1}, "detail has the unknown member (name not shown)"),
    ],
)
def test_a_sender_learns_in_one_sentence_what_is_wrong(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(Malformed) as raised:
        event(**changes)

    shown = sentence(raised.value.reason)
    assert told in shown
    assert "\n" not in shown
    assert "555" not in shown


# Identity


def test_a_retry_is_the_same_event_whatever_the_envelope_says() -> None:
    first = event()
    again = read_envelope(
        {
            "id": "another",
            "source": "shop",
            "detail-type": "order.shipped",
            "time": "2026-02-01T00:00:00Z",
            "detail": dict(reversed(STEP.items())),
        },
        NOW_MS,
    )

    assert (again.identity, again.payload_hash) == (first.identity, first.payload_hash)


def test_the_senders_own_id_is_the_identity() -> None:
    assert event().identity != event(id="another").identity
    assert event().identity != event(source="another").identity


def test_other_content_under_the_same_id_is_a_collision_not_a_copy() -> None:
    changes: list[dict[str, Any]] = [
        {"identifiers": {}},
        {"attributes": {}},
        {"type": "other"},
    ]
    for change in changes:
        assert event(**change).identity == event().identity
        assert event(**change).payload_hash != event().payload_hash


@pytest.mark.parametrize(
    ("own_id", "other"),
    [
        ("order-4711", "ORDER-4711"),
        ("order-4711", "order-4711 "),
        ("order-4711", " order-4711"),
        ("caf\u00e9", "cafe\u0301"),  # one letter, and a letter with its accent
        ("order-\uff11", "order-1"),  # a digit of full width
        ("order-\u200b1", "order-1"),  # with a space of no width
        ("0b0e8b3c-0000-4000-8000-00000000000a", "0B0E8B3C-0000-4000-8000-00000000000A"),
    ],
)
def test_an_id_is_compared_letter_by_letter(own_id: str, other: str) -> None:
    """Ids belong to the sender: one that is spelled differently may be another event. A surplus
    event is on record, while a missing one would be lost."""
    assert event(id=own_id).identity == event(id=own_id).identity
    assert event(id=own_id).identity != event(id=other).identity


@pytest.mark.parametrize(
    ("first", "second", "collisions"),
    [("c-1", "c-1", 1), (None, None, 1), ("c-1", "c-2", 0), ("c-1", None, 0)],
)
def test_other_content_under_a_known_id_is_delivered_and_counted_as_documented(
    first: str | None, second: str | None, collisions: int
) -> None:
    """docs/entrances.md: counted where both name the same conversation, or neither names one."""
    relay = Relay()
    attributes = {"kind": "participant-attributes", "path_values": {
        "conversation_id": "'c'", "participant_id": "'p'"}}  # fmt: skip
    item = {"attributes": {"step": "body.attributes.step"}}
    route = {"name": "r", "destination": "there", "topics": ["order.*"], "item": item}
    configuration = parse({"destinations": {"there": attributes}, "routes": [route]})

    def told(step: str, conversation: str | None) -> dict[str, Any]:
        named = {"conversationId": conversation} if conversation else {}
        detail = {**STEP, "identifiers": named, "attributes": {"step": step}}
        return {"id": step, "source": "shop", "detail-type": detail["type"], "detail": detail}

    taken = relay.takes(configuration, told("one", first), told("one", first))
    taken += relay.takes(configuration, told("two", second), told("two", second))

    assert sorted(item["attributes"]["step"] for item in taken) == ["one", "two"]
    assert relay.telemetry.counts["IdentityCollisions"] == collisions


def test_where_there_is_an_id_no_clock_decides_what_is_a_copy() -> None:
    again = event(occurredAt="2026-01-31T09:30:01Z")

    assert (again.identity, again.payload_hash) == (event().identity, event().payload_hash)


def test_without_an_id_the_content_decides_its_time_included() -> None:
    plain = event(id=None)

    assert event(id=None).identity == plain.identity
    assert event(id=None, occurredAt="2026-01-31T09:30:01Z").identity != plain.identity
    assert event(id=None, attributes={"parcels": 3}).identity != plain.identity
    assert event(id=None, source="another").identity != plain.identity


@pytest.mark.parametrize("own_id", ["order-4711", None])
def test_the_correlation_id_is_no_part_of_the_event(own_id: str | None) -> None:
    first, again = event(id=own_id, correlationId="c1"), event(id=own_id, correlationId="c2")

    assert (first.identity, first.payload_hash) == (again.identity, again.payload_hash)
    assert first.correlation_id == "c1"


def test_an_id_is_not_taken_for_content() -> None:
    """Hashes of different kinds never meet."""
    plain = envelope("shop", {"type": "t", "occurredAt": "2026-01-31T09:30:00Z"})
    said = canonical(["shop", "t", "2026-01-31T09:30:00Z", {}, {}, {}])
    disguised = envelope("shop", {"id": said, "type": "t", "occurredAt": "2026-01-31T09:30:00Z"})

    assert plain.identity != disguised.identity


def test_what_is_left_out_says_the_same_as_what_is_empty() -> None:
    assert event(attributes=None, identifiers=None, id=None).identity == (
        event(attributes={}, identifiers={}, id=None).identity
    )


def test_an_event_of_a_conversation_belongs_to_it() -> None:
    assert event(identifiers={"conversationId": "c-1"}).conversation_id == "c-1"
    assert event().conversation_id is None


def test_the_whole_detail_can_be_mapped() -> None:
    assert event().body == STEP
    assert event().occurred_at_ms == 1_769_851_800_250
    assert event().topic == "order.shipped"


def test_the_correlation_id_goes_to_genesys_and_onto_the_claim() -> None:
    world, ledger = World(), World()
    sent = json.dumps(
        {"source": "shop", "detail-type": "order.shipped", "detail": STEP, "id": "e-1"}
    )
    (arrived,) = world.deliver(sent)
    configuration = parse(
        {
            "destinations": {
                "journey": {
                    "kind": "journey-external-events",
                    "configuration_id": "c1",
                    "external_source_id": "00000000-0000-4000-8000-000000000002",
                }
            },
            "routes": [{"name": "all", "destination": "journey"}],
        }
    )
    intake(
        [arrived],
        IntakeDeps(world.consumer(), world.queue("batches"), configuration, world.personal_key),
    )
    (sealed,) = (decode(body) for body in world.bodies("batches"))

    claim(sealed, ledger.ledger, NOW_MS)

    (claimed,) = ledger.table.items.values()
    assert json.loads(sealed.events[0].item)["attributes"]["correlationId"] == "checkout-8f14e45f"
    assert sealed.events[0].correlation_id == "checkout-8f14e45f"
    assert claimed["correlation_id"] == "checkout-8f14e45f"


# The route that docs/entrances.md shows

PAGE = (Path(__file__).parents[2] / "docs" / "entrances.md").read_text("utf-8")


@pytest.mark.parametrize(
    "detail",
    [
        STEP,
        {"type": "t", "occurredAt": "2026-01-31T09:30:00Z"},
        {"id": "1", "type": "t", "createdTime": 1_769_851_800, "data": {"customerId": "C-1"}},
        {"id": "1", "type": "t", "createdTime": "1769851800"},
    ],
)
def test_the_documented_route_renders_every_shape_that_senders_may_use(
    detail: dict[str, Any],
) -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (route,) = tomllib.loads(shown)["routes"]
    read = read_envelope({"source": "shop", "detail-type": "t", "detail": detail}, NOW_MS)

    item = mapping.render(route["item"], mapping.view(read, "all"))

    assert isinstance(item, dict)
    assert item["attributes"]["type"] == detail["type"]
