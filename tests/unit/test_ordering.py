"""The lifecycle: what must come first, what waits, what changes nothing."""

import itertools
from random import Random

import pytest

from lambdas.relay.kernel.limits import HELD_MAX
from lambdas.relay.requests.ordering import (
    DETAIL_EVENTS,
    PREREQUISITES,
    TUTORIAL,
    Applied,
    Held,
    NoRoom,
    Nothing,
    OrderedEvent,
    Ordering,
    Step,
    establish,
    step,
)

PREFIX = "v2.detail.events.conversation.{id}."
EMPTY = Ordering({}, ())


def everything(detail_type: str) -> bool:
    return True


def ordered_event(
    detail_type: str, *, session: str = "s", sequence: int | None = None, at_ms: int = 0
) -> OrderedEvent:
    name = detail_type if ":" in detail_type else f"{PREFIX}{detail_type}"
    return OrderedEvent(
        f"{detail_type}/{session}/{sequence}/{at_ms}", name, session, sequence, at_ms
    )


def walked(*happenings: OrderedEvent) -> tuple[Ordering, list[Step]]:
    ordering, steps = EMPTY, []
    for each in happenings:
        met = step(ordering, each, everything)
        steps.append(met)
        if isinstance(met, Applied | Held):
            ordering = met.ordering
    return ordering, steps


def test_the_sixteen_conversation_topics_have_an_order() -> None:
    assert len(DETAIL_EVENTS) == 16
    assert all(need in DETAIL_EVENTS for deps in DETAIL_EVENTS.values() for need in deps)


def test_no_prerequisite_leads_back_to_itself() -> None:
    def before(name: str, seen: frozenset[str]) -> None:
        assert name not in seen
        for need in PREREQUISITES.get(name, ()):
            before(need, seen | {name})

    for name in PREREQUISITES:
        before(name, frozenset())


def test_after_call_work_comes_after_the_customer_has_gone() -> None:
    """`acw` belongs to the agent's session: the customer's end is no end of that."""
    order = ("customer.start", "user.start", "user.end", "customer.end")
    session = {"customer.start": "c", "customer.end": "c"}
    ordering, steps = walked(
        *(ordered_event(name, session=session.get(name, "a")) for name in order),
        ordered_event("acw", session="a"),
        ordered_event("wrapup", session="a"),
    )

    assert all(isinstance(met, Applied) for met in steps)
    assert not ordering.held


def test_an_end_before_its_start_waits_and_is_released_by_it() -> None:
    end, start = ordered_event("customer.end"), ordered_event("customer.start")

    ordering, (held, applied) = walked(end, start)

    assert isinstance(held, Held)
    assert held.missing == (f"{PREFIX}customer.start",)
    assert isinstance(applied, Applied)
    assert applied.released == (end,)
    assert not ordering.held


def test_another_session_s_start_releases_nothing() -> None:
    ordering, _ = walked(
        ordered_event("user.end", session="a"), ordered_event("user.start", session="b")
    )

    assert [h.session for h in ordering.held] == ["a"]


def test_a_prerequisite_that_nobody_listens_to_is_not_waited_for() -> None:
    met = step(EMPTY, ordered_event("customer.end"), lambda name: name.endswith("customer.end"))

    assert isinstance(met, Applied)


@pytest.mark.parametrize("order", list(itertools.permutations(TUTORIAL)))
def test_the_tutorial_s_lifecycle_ends_alike_in_every_order(order: tuple[str, ...]) -> None:
    numbers = {name: n for n, name in enumerate(TUTORIAL, 1)}

    ordering, steps = walked(*(ordered_event(name, sequence=numbers[name]) for name in order))

    assert not ordering.held
    assert dict(ordering.seen) == {f"s|{name}": n for name, n in numbers.items()}
    released = [h for met in steps if isinstance(met, Applied) for h in met.released]
    assert len(released) == sum(isinstance(met, Held) for met in steps)


@pytest.mark.parametrize("seed", range(50))
def test_whole_conversations_end_alike_in_every_order_with_every_copy(seed: int) -> None:
    random = Random(seed)
    events = [
        ordered_event(name, session=session)
        for session in ("a", "b", "c")
        for name in DETAIL_EVENTS
    ]
    shuffled = [*events, *random.sample(events, 20)]
    random.shuffle(shuffled)

    ordering = EMPTY
    for _ in range(3):  # what finds no room comes again
        for each in shuffled:
            met = step(ordering, each, everything)
            ordering = met.ordering if isinstance(met, Applied | Held) else ordering

    assert not ordering.held
    assert set(ordering.seen) == {each.name for each in events}


def test_a_repeated_event_changes_nothing() -> None:
    _, steps = walked(ordered_event("customer.start"), ordered_event("customer.start", at_ms=9))

    assert isinstance(steps[1], Nothing)


def test_a_held_event_that_comes_again_is_held_once() -> None:
    ordering, steps = walked(ordered_event("customer.end"), ordered_event("customer.end"))

    assert isinstance(steps[1], Nothing)
    assert len(ordering.held) == 1


def test_what_a_later_number_has_overtaken_changes_nothing() -> None:
    ordering, steps = walked(
        ordered_event("conversation:created", sequence=1),
        ordered_event("conversation:updated", sequence=5),
        ordered_event("conversation:updated", sequence=4),
        ordered_event("conversation:updated", sequence=6),
    )

    assert [type(met) for met in steps] == [Applied, Applied, Nothing, Applied]
    assert ordering.seen["s|conversation:updated"] == 6


def test_the_hold_is_bounded() -> None:
    ordering, steps = walked(
        *(ordered_event("customer.end", session=f"s{n}") for n in range(HELD_MAX + 5))
    )

    assert len(ordering.held) == HELD_MAX
    assert all(isinstance(met, NoRoom) for met in steps[HELD_MAX:])


def test_the_hold_is_bounded_in_size() -> None:
    ordering, steps = walked(
        *(ordered_event("customer.end", session=f"{n}" * 3_000) for n in range(9))
    )

    assert isinstance(steps[-1], NoRoom)
    assert len(ordering.held) < 9


def test_genesys_truth_replaces_a_lost_event() -> None:
    ordering, _ = walked(ordered_event("customer.end"))

    applied = establish(ordering, (f"{PREFIX}customer.start",), everything)

    assert [h.detail_type for h in applied.released] == [f"{PREFIX}customer.end"]


def test_an_event_still_counts_after_genesys_was_asked_about_it() -> None:
    established = establish(EMPTY, (f"{PREFIX}customer.start",), everything).ordering

    assert isinstance(
        step(established, ordered_event("customer.start", session=""), everything), Applied
    )


def test_an_ordering_comes_back_from_the_record_as_it_was() -> None:
    ordering, _ = walked(
        ordered_event("conversation:created", sequence=1), ordered_event("customer.end", at_ms=7)
    )

    assert Ordering.of(ordering.as_item()) == ordering
