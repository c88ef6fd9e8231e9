"""The configuration of destinations and routes: what is wrong is one sentence with its place."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.relay.routes.configuration import parse

JOURNEY = {"kind": "journey-external-events", "configuration_id": "c1"}
ROUTE = {"name": "all", "destination": "journey"}


def document(
    *, destination: dict[str, Any] | None = None, route: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "destinations": {"journey": {**JOURNEY, **(destination or {})}},
        "routes": [{**ROUTE, **(route or {})}],
    }


def test_a_destination_and_a_route_are_a_configuration() -> None:
    configuration = parse(document())

    (route,) = configuration.routes
    assert route.destination is configuration.destinations["journey"]
    assert route.topics == ("*",)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({}, "destinations must be a section"),
        ({"destinations": {}}, "at least one destination and one route"),
        ({"destinations": {"journey": JOURNEY}}, "at least one destination and one route"),
        ({"destinations": {"journey": JOURNEY}, "routes": []}, "at least one destination"),
        ({"destinations": {"journey": 7}, "routes": [ROUTE]}, r"destinations\.journey must be a"),
        ({"destinations": {"journey": JOURNEY}, "routes": ["all"]}, r"routes\[0\] must be a"),
        (document(destination={"kind": "carrier pigeon"}), r"journey\.kind is 'carrier pigeon'"),
        (document(destination={"kind": 7}), r"destinations\.journey needs kind, a text"),
        (document(destination={"unknown": "shrug"}), r"journey\.unknown is 'shrug'"),
        (document(destination={"max_items": 0}), r"journey\.max_items is 0"),
        (document(destination={"max_items": True}), r"journey\.max_items is True"),
        (document(destination={"configuration_id": ""}), "journey needs configuration_id"),
        (document(destination={"item": {"id": "]["}}), r"journey\.item\.id is no JMESPath"),
        (document(route={"name": ""}), r"routes\[0\] needs name"),
        (document(route={"destination": "elsewhere"}), "'elsewhere'; the destinations are: jour"),
        (document(route={"topics": []}), r"routes\[0\]\.topics must be a list"),
        (document(route={"topics": [7]}), r"routes\[0\]\.topics must be a list"),
        (document(route={"topics": "*"}), r"routes\[0\]\.topics must be a list"),
        (document(route={"item": ["]["]}), r"routes\[0\]\.item\[0\] is no JMESPath"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(wrong: dict[str, Any], sentence: str) -> None:
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
         "destination", "path", "list"]
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
        assert parse(changed).routes
