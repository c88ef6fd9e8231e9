"""The configuration of destinations and routes: what is wrong gives one sentence with its place."""

import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.relay.destinations.destination import KeyPolicy
from stacks.schema.parsing import parse
from tests.unit.kinds import section
from tests.unit.simulated import JOURNEY_ITEM, configuration
from tests.unit.test_resolved import loaded

JOURNEY = {
    "kind": "journey-external-events",
    "configuration_id": "c1",
    "item": JOURNEY_ITEM,
}
ROUTE = {"name": "all", "destination": "journey"}


def document(
    *, destination: dict[str, Any] | None = None, route: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "destinations": {"journey": {**JOURNEY, **(destination or {})}},
        "routes": [{**ROUTE, **(route or {})}],
    }


def key(**settings: Any) -> dict[str, Any]:
    return document(destination={"key": settings})


def of_kind(kind: str, **settings: Any) -> dict[str, Any]:
    row = {**ROUTE, "item": {"id": "id"}}
    return {"destinations": {"journey": {"kind": kind, **settings}}, "routes": [row]}


def test_what_is_configured_for_the_key_is_what_the_destination_knows() -> None:
    said = parse(key(honoured_hours=1.5, checked_first=True, repeat_answers_409=True))

    assert said.destinations["journey"].key == KeyPolicy(5400, True, True)


@pytest.mark.parametrize("ids_honoured", [True, False])
def test_where_ids_are_honoured_a_request_can_be_repeated(*, ids_honoured: bool) -> None:
    said = parse(document(destination={"ids_honoured": ids_honoured}))

    assert said.destinations["journey"].is_repeatable == ids_honoured


def test_what_can_be_repeated_by_its_nature_stays_so() -> None:
    item = {"attributes": {"seen": "id"}}
    said = parse(
        of_kind("participant-attributes", ids_honoured=False)
        | {"routes": [{**ROUTE, "item": item}]}
    )

    assert said.destinations["journey"].is_repeatable


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (of_kind("generic", path="events"), r"journey\.path is 'events'; expected a path"),
        (of_kind("generic", path="/api/{id}"), r"journey\.path_values must have an expression"),
        (of_kind("conversations", path="/api/{id}"), r"journey\.path is '/api/{id}'; expected"),
        (of_kind("generic", lists={}), r"journey\.lists is not a known key; .*list, "),
        (of_kind("conversations", path="/{id}"), r"journey\.path is '/{id}'; expected a path"),
        (of_kind("conversations", method="PUT"), r"journey\.method is not a known key"),
        (of_kind("conversation-events", lists={}), r"journey\.lists must name the list"),
        (of_kind("conversation-events", lists={"*": ""}), r"journey\.lists must name the list"),
        (of_kind("external-metrics", typ="Total"), r"journey\.typ is not a known key; .*type, "),
        (
            of_kind("participant-attributes", path_values={"participant": "body.id"}),
            r"path_values\.participant is .*expressions for conversation_id and participant_id",
        ),
        (
            of_kind("participant-attributes", path_values={"participant_id": 7}),
            r"path_values\.participant_id is 7; expected a table of JMESPath expressions",
        ),
    ],
)
def test_what_is_wrong_with_a_kinds_own_settings_is_reported(
    wrong: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse(wrong)


CAUSED = {"match": "entity", "topics": ["t"]}


def test_a_mapping_without_what_its_kind_needs_is_refused_at_once() -> None:
    figures = of_kind("external-metrics", item={"value": "body.value"})

    with pytest.raises(
        ValueError, match=r"routes\[0\] gives no metricId, dateOccurred, value, which external-m"
    ):
        parse(figures)


@pytest.mark.parametrize(
    ("kind", "confirmation", "sentence"),
    [
        ("conversations", {"window": 9}, r"confirmation\.window is not a known key; .*window_s"),
        ("conversations", {"match": "entity"}, r"confirmation\.match is not a known key"),
        ("conversations", {"topics": []}, r"confirmation\.topics must name the events"),
        ("conversations", {"key": 7}, r"confirmation\.key is 7; expected"),
        (
            "generic",
            {**CAUSED, "key": "order"},
            r"confirmation\.key is 'order', but the item of routes\[0\] has no such member; .*: id",
        ),
        ("conversations", {"key": ""}, r'confirmation\.key is ""; expected'),
        ("conversations", {"follows": [""]}, r'confirmation\.follows\[0\] is ""; expected a list'),
        (
            "conversations",
            {"completed_by": "t"},
            r'confirmation\.completed_by is "t"; expected a list',
        ),
        ("conversations", True, r"confirmation is true; expected a table, or false"),
        (
            "generic",
            {**CAUSED, "truth": "api/{key}"},
            r"confirmation\.truth is .*; expected a path",
        ),
        (
            "generic",
            {**CAUSED, "truth": "/{key}/{id}"},
            r"confirmation\.truth is .*; expected a path",
        ),
        (
            "generic",
            {**CAUSED, "compensation": 1},
            r"confirmation\.compensation is 1; expected a table",
        ),
        (
            "generic",
            {**CAUSED, "compensation": {"verb": "x"}},
            r"confirmation\.compensation\.verb is not",
        ),
        (
            "generic",
            {**CAUSED, "compensation": {"path": "/{key}"}},
            r"confirmation\.compensation.method is missing; .*DELETE",
        ),
        (
            "generic",
            {**CAUSED, "compensation": {"method": "DELETE", "path": "/all"}},
            r'confirmation\.compensation\.path is "/all"; expected a path with \{key\}',
        ),
        (
            "generic",
            {**CAUSED, "compensation": {"method": "PUT", "path": "/{key}", "body": []}},
            r"confirmation\.compensation\.body is \[\]; expected a table",
        ),
        ("generic", {**CAUSED, "truht": "/{key}"}, r"confirmation\.truht is not .*truth"),
        (
            "conversations",
            {"duplicates": "merge"},
            r'confirmation\.duplicates is "merge"; .*cancel',
        ),
        (
            "participant-attributes",
            {"duplicates": "cancel"},
            r"confirmation\.duplicates is .*, and Genesys cancels nothing of what kind .* makes",
        ),
        (
            "generic",
            {**CAUSED, "duplicates": "cancel"},
            r"confirmation\.duplicates is .*, and Genesys cancels nothing of what kind .* makes",
        ),
    ],
)
def test_what_is_wrong_with_a_confirmation_is_reported(
    kind: str, confirmation: Any, sentence: str
) -> None:
    with pytest.raises(ValueError, match=rf"^destinations\.journey\.{sentence}"):
        parse(of_kind(kind, confirmation=confirmation))


def test_a_destination_and_a_route_are_a_configuration() -> None:
    configuration = parse(document())

    (route,) = configuration.routes
    assert route.destination is configuration.destinations["journey"]
    assert route.topics == ("*",)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({}, r"destinations is missing; expected at least one table \[destinations"),
        ({"destinations": {}}, r"destinations is \{\}; expected at least one table"),
        ({"destinations": {"journey": JOURNEY}}, r"routes is missing; expected at least one"),
        (
            {"destinations": {"journey": JOURNEY}, "routes": []},
            r"routes is \[\]; expected at least one",
        ),
        (
            {"destinations": {"journey": 7}, "routes": [ROUTE]},
            r"destinations\.journey is 7; expected",
        ),
        (
            {"destinations": {"journey": JOURNEY}, "routes": ["all"]},
            r'routes\[0\] is "all"; expected',
        ),
        (
            document(destination={"kind": "carrier pigeon"}),
            r'journey\.kind is "carrier pigeon"; expected one of journey',
        ),
        (document(destination={"kind": 7}), r"destinations\.journey\.kind is 7; expected one of"),
        (document(destination={"unknown": "shrug"}), r'journey\.unknown is "shrug"'),
        (document(destination={"max_items": 0}), r"journey\.max_items is 0"),
        (
            document(destination={"max_items": True}),
            r"journey\.max_items is true; expected a whole number from 1 to 1000",
        ),
        (
            document(destination={"configuration_id": ""}),
            r'journey\.configuration_id is ""; expected the id',
        ),
        (document(destination={"item": {"id": "]["}}), r"journey\.item\.id is not a JMESPath"),
        (
            document(destination={"unkown": "manual"}),
            r"journey\.unkown is not a known key; .*unknown",
        ),
        (document(destination={"path": "/x"}), r"journey\.path is not a known key"),
        (document(destination={"path_values": {}}), r"journey\.path_values is not a known key"),
        (document(destination={"compensation": {}}), r"journey\.compensation is not a known key"),
        (
            key(honored_hours=24),
            r"journey\.key\.honored_hours is not .*: checked_first, honoured_h",
        ),
        (key(honoured_hours="24"), r'journey\.key\.honoured_hours is "24"; expected a number'),
        (key(honoured_hours=True), r"journey\.key\.honoured_hours is true; expected a number"),
        (
            key(honoured_hours=float("inf")),
            r"honoured_hours is Infinity; expected a number from 0 to",
        ),
        (key(honoured_hours=float("nan")), r"honoured_hours is NaN; expected a number from 0 to"),
        (key(honoured_hours=1e308), r"honoured_hours is 1e\+308; expected a number from 0 to"),
        (
            key(checked_first="yes"),
            r'journey\.key\.checked_first is "yes"; expected true or false',
        ),
        (
            document(destination={"ids_honoured": "yes"}),
            r'journey\.ids_honoured is "yes"; expected true or false',
        ),
        (key(repeat_answers_409=1), r"journey\.key\.repeat_answers_409 is 1; expected true or"),
        (key(checked_first=True), r"journey\.key: checked_first .* honoured_hours"),
        (document(route={"topic": ["*"]}), r"routes\[0\]\.topic is not a known key; .*topics"),
        (document(route={"name": ""}), r'routes\[0\]\.name is ""; expected a name'),
        (
            document(route={"destination": "elsewhere"}),
            '"elsewhere"; expected one of the destinations: jour',
        ),
        (document(route={"topics": []}), r"routes\[0\]\.topics is \[\]; expected a list"),
        (document(route={"topics": [7]}), r"routes\[0\]\.topics\[0\] is 7; expected a list"),
        (document(route={"topics": "*"}), r'routes\[0\]\.topics is "\*"; expected a list'),
        (
            document(route={"item": ["]["]}),
            r"routes\[0\]\.item is .*; expected a table of JMESPath",
        ),
    ],
)
def test_what_is_wrong_is_reported_with_its_place(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse(wrong)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(
    st.sampled_from(["destinations", "routes"]),
    st.sampled_from(
        ["kind", "unknown", "max_items", "key", "item", "configuration_id", "name", "topics",
         "destination", "path", "list", "confirmation"]
    ),
    values,
)  # fmt: skip
def test_any_value_in_any_place_is_taken_or_refused_in_words(
    section: str, name: str, value: Any
) -> None:
    changed = document()
    place = changed["routes"][0] if section == "routes" else changed["destinations"]["journey"]
    place[name] = value

    with suppress(ValueError):
        assert loaded(parse(changed)).routes


# Who Genesys is, how its events are known, and what senders may send


def test_only_the_configured_source_is_genesys() -> None:
    said = parse({**document(), "partner_event_source": "aws.partner/genesys.com/cloud/x/y"})

    assert said.reader.partner_source == "aws.partner/genesys.com/cloud/x/y"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"partner_event_source": 7}, "partner_event_source is 7"),
        ({"identity": {"v2.users.*": "time"}},
         'identity."v2.users.*" is "time"; expected a table of detail-type patterns'),
        ({"identity": {"v2.users.0b0e8b3c-0000-4000-8000-000000000001.presence": "content"}},
         "a detail-type has {id} where an event's topic has an id"),
        ({"identity": ["content"]}, 'identity is ["content"]; expected a table of detail-type'),
        ({"sender_types": []}, "sender_types is []; expected a table of senders"),
        ({"sender_types": {"aws.shop": ["*"]}}, 'sender_types."aws.shop": "aws.shop" is not'),
        ({"sender_types": {"shop": "order"}}, 'sender_types.shop is "order"; expected'),
        ({"sender_types": {"shop": [""]}}, 'sender_types.shop[0] is ""; expected'),
    ],
)  # fmt: skip
def test_what_is_wrong_about_entrances_gives_one_sentence(
    more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)) as raised:
        parse({**document(), **more})

    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("eventBody.orderId", "an event has no eventBody: the content of an event is under body"),
        ("join('', ['a', detail.x])", "an event has no detail"),
        ("Upsert", "write a constant string in single quotes"),
        ("body.x || orderId", "an event has no orderId"),
        ("{a: body.x, b: sessionId}", "an event has no sessionId"),
        ("@.eventBody.x", "an event has no eventBody"),
        ("@ | detail.x", "an event has no detail"),
    ],
)
def test_a_mapping_names_only_what_an_event_has(expression: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        configuration(JOURNEY, item={**JOURNEY_ITEM, "x": expression})


@pytest.mark.parametrize(
    "expression",
    ["body.x", "body.a[?b=='c'].d | [0]", "body.list[*].x", "sort_by(body.a, &b)[0]", "@.body.y",
     "'eventBody'", "body.{a: b}", "`1`", "body.a[0:2]", "not_null(body.a, id)"],
)  # fmt: skip
def test_whatever_else_a_mapping_does_with_them_is_allowed(expression: str) -> None:
    configuration(JOURNEY, item={**JOURNEY_ITEM, "x": expression})


NEVER = [
    "v2.detail.events.conversation.0b0e8b3c-0000-4000-8000-000000000001.acw",
    "v2.users.0B0E8B3C000040008000000000000001.presence",
    "v2.users.{userId}.presence",
    "v2.users.{ID}.presence",
    "v2.users.:id.presence",
    "V2.users.{id}.presence",
    " v2.users.{id}.presence",
    "order.paid ",
]


@pytest.mark.parametrize("topic", NEVER)
@pytest.mark.parametrize("place", ["routes", "topics", "follows", "lists", "identity"])
def test_a_topic_that_no_event_has_is_refused_wherever_it_is_named(topic: str, place: str) -> None:
    route = {"name": "all", "destination": "there"}
    said: dict[str, Any] = {"destinations": {"there": section("conversations")}, "routes": [route]}
    match place:
        case "routes":
            route["topics"] = [topic]  # type: ignore[assignment]
        case "lists":
            lists = {topic: "externalEstablishedEvents"}
            said["destinations"]["there"] = section("conversation-events", lists=lists)
        case "identity":
            said["identity"] = {topic: "content"}
        case _:
            said["destinations"]["there"]["confirmation"] = {place: [topic]}
    with pytest.raises(ValueError, match=f"{place}.* matches nothing"):
        parse(said)


@pytest.mark.parametrize(
    "topic", ["order.{id}.{step}", "*", "v2.users.{id}.*", "v2.2026.x", "Order.Paid"]
)
def test_whatever_types_senders_give_their_events_can_be_routed(topic: str) -> None:
    configuration(JOURNEY, topics=[topic])


IDENTIFIED = {"value": "body.customer", "externalSourceId": "'e'"}


@pytest.mark.parametrize(
    ("item", "missing"),
    [
        ({"identifiers": {"externalIds": []}}, "value, .*externalSourceId"),
        ({"identifiers": {"externalIds": [{"externalSourceId": "'e'"}]}}, r"\[0\]\.value, which"),
        ({"identifiers": {"externalIds": [{"value": "body.c"}]}}, "no .*externalSourceId, which"),
        ({"identifiers": {"externalIds": [IDENTIFIED]}, "attributes": {}}, "no attributes, which"),
        ({"identifiers": {}}, "identifiers"),
    ],
)
def test_what_a_mapping_can_never_give_is_reported_at_any_depth(item: Any, missing: str) -> None:
    with pytest.raises(ValueError, match=missing):
        configuration({**JOURNEY, "item": {"attributes": {"a": "topic"}, **item}})


@pytest.mark.parametrize(
    "identifiers", ["body.who", {"externalIds": "body.ids"}, {"externalIds": ["body.first"]}]
)
def test_what_an_expression_gives_depends_on_the_event(identifiers: Any) -> None:
    item = {"identifiers": identifiers, "attributes": {"a": "topic"}}
    configuration({**JOURNEY, "item": item})


@pytest.mark.parametrize(
    "said", [{}, {"path": "/api/v2/conversations/callbacks"}], ids=["calls", "callbacks"]
)
def test_the_id_of_a_conversation_is_never_ours_to_honour(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="ids_honoured cannot be true"):
        configuration(section("conversations", ids_honoured=True, **said))


@pytest.mark.parametrize("path", ["/a/../{key}", "/a/%2e%2e/{key}", "/{key}/."])
def test_a_path_to_ask_that_leads_elsewhere_is_refused(path: str) -> None:
    truth = {"truth": path, "key": "id"}
    with pytest.raises(
        ValueError, match=r"confirmation\.truth: .* leads to another resource; expected a path"
    ):
        configuration({"kind": "generic", "path": "/a", "confirmation": truth})
    compensation = {"method": "POST", "path": path}
    made = section("conversations", confirmation={"compensation": compensation})
    with pytest.raises(
        ValueError, match=r"compensation\.path: .* leads to another resource; expected a path"
    ):
        configuration(made)


@pytest.mark.parametrize("hours", [1, 0.5])
def test_a_key_that_is_never_trusted_is_refused(hours: float) -> None:
    with pytest.raises(ValueError, match="no effect"):
        configuration({**JOURNEY, "key": {"honoured_hours": hours}})


@pytest.mark.parametrize("path", ["/a/../b", "/a/%2e%2e/b", "/a b", "//a", "/a?b=c", "/a\\b"])
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"there\.path is"):
        configuration({"kind": "generic", "path": path})


@pytest.mark.parametrize("value", ["..", "a/b", "a b"])
def test_a_setting_that_becomes_a_part_of_a_path_is_an_id(value: str) -> None:
    with pytest.raises(ValueError, match=r"there\.configuration_id: conf"):
        configuration({**JOURNEY, "configuration_id": value})


def test_a_call_with_an_unknown_outcome_goes_to_a_person() -> None:
    def unknown(**said: Any) -> str:
        return configuration({"item": {"x": "id"}, **said}).destinations["there"].unknown

    assert unknown(kind="conversations") == "manual"
    assert unknown(kind="generic", path="/api/v2/conversations/messages") == "manual"
    assert unknown(kind="conversations", unknown="repost") == "repost"
    assert unknown(kind="generic", path="/api/v2/else") == "repost"


@pytest.mark.parametrize(
    ("when", "sentence"),
    [
        (7, r"routes\[0\].when is 7; expected a JMESPath expression, such as"),
        ("", r'routes\[0\].when is ""; expected a JMESPath expression'),
        ("body.a ==", r"routes\[0\].when is not a JMESPath expression"),
        ("queueId == 'x'", r"routes\[0\].when is .* an event has no queueId"),
        (
            "!body.a",
            r"routes\[0\].when is '!body.a', where JMESPath negates only what precedes the dot",
        ),
    ],
)
def test_an_invalid_condition_gives_one_sentence(when: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse(document(route={"when": when}))
