"""Mistakes about what Genesys says happened, hunted in the tracked world (tracked.py)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from lambdas.relay.correlation import entries as correlation_entries
from lambdas.relay.correlation import loop_guard, recovery
from lambdas.relay.correlation.deps import Deps
from lambdas.relay.correlation.entries import Entry, causing, possible
from lambdas.relay.destinations.correlation import Compensation, Confirmation, Facts, facts_of
from lambdas.relay.destinations.destination import Destination, KeyPolicy
from lambdas.relay.entrances.events import Event
from lambdas.relay.functions import attempt, confirm, dedup, intake, overdue, parts, reconcile
from lambdas.relay.kernel.ports import Change, Guard, Item, Ledger
from lambdas.relay.kernel.reasons import Reason
from lambdas.relay.messages.consumer import Done
from lambdas.relay.messages.sealing import SealedEvent
from lambdas.relay.requests import ordering, tracking
from lambdas.relay.requests.ordering import Applied, OrderedEvent, Ordering
from lambdas.relay.requests.record import Record
from lambdas.relay.requests.sending import Opened
from lambdas.relay.requests.states import LISTENING, State
from simulation.mutants.mutant import UNANSWERED, Mutant
from simulation.mutants.transitions import OF_TRACKED
from simulation.scenario import Scenario
from simulation.tracked import certain

#: other applications do the same
SHARED = {
    "key": "ours", "correlates": False, "until_end": False, "shared": 0.7, "is_routed": True,
    "forgotten": 0.0, "contradicted": 0.0, "forged": 0.0,
}  # fmt: skip
_ANY: frozenset[str] = frozenset(get_args(State))
#: a repeated request makes a second conversation, and there are events about both
CANCELS = {
    "key": "answered", "correlates": True, "cancels": True, "shared": 0.0, "forged": 0.0,
    "forgotten": 0.0, "contradicted": 0.0,
}  # fmt: skip
_turning, _listing, _cancel = tracking.turning, tracking.listing, recovery._cancel


def _unconditional(
    tracked: Record, put: Item, drop: frozenset[str] = frozenset()
) -> tuple[Guard, Change]:
    _, change = _turning(tracked, put, drop)
    return Guard(_ANY), change


def _never_released(ordering: Ordering, hears: Callable[[str], bool]) -> Applied:
    return Applied(ordering, ())


def _nothing_missing(
    ordering: Ordering, ordered_event: OrderedEvent, hears: Callable[[str], bool]
) -> tuple[str, ...]:
    return ()


def _judged_by_name(
    entry: Entry, facts: Facts, confirmations: Mapping[str, Confirmation]
) -> Confirmation | None:
    return confirmations.get(entry.destination)


def _renamed(scenario: Scenario) -> Scenario:
    return replace(scenario, deploy="renamed")


def _rolled_back(scenario: Scenario) -> Scenario:
    return replace(scenario, deploy="rolled back")


def _items_refused(scenario: Scenario) -> Scenario:
    return replace(certain(scenario), most_items=4, shares=replace(scenario.shares, poison=0.3))


def _only_its_own_turn(
    tracked: Record, put: Item, drop: frozenset[str] = frozenset()
) -> tuple[Guard, Change]:
    guard, change = _turning(tracked, put, drop)
    return replace(guard, same={}), change


def _sent_and_left_as_it_was(tracked: Record, now_ms: int, note: str) -> tuple[Guard, Change]:
    return _turning(tracked, {"resends": tracked.resends + 1})


def _put_off(tracked: Record, deps: overdue.Deps, now_ms: int) -> overdue.Fate:
    return overdue._postpone(tracked, 900, deps)


def _sent_again_in_doubt(scenario: Scenario) -> Scenario:
    conduct = replace(scenario.conduct, keys="ignored")
    regime = replace(scenario.regime, key=KeyPolicy(), unknown="repost", doubles="listed")
    return replace(scenario, regime=regime, conduct=conduct)


def _made_twice(scenario: Scenario) -> Scenario:
    return replace(_sent_again_in_doubt(scenario), most_items=1)


def _of_anybody(event: Event, confirmations: Iterable[Confirmation]) -> str:
    return facts_of(replace(event, entrance="partner"), confirmations)


def _shown_by_anybody(request: Opened, confirmation: Confirmation, depth: int) -> bool:
    return request.is_heard


def _met_by_all(
    event: SealedEvent,
    facts: Facts,
    found: Sequence[Entry],
    ledger: Ledger,
    confirmations: Mapping[str, Confirmation],
    under_way_ms: int | None = None,
) -> Entry | None:
    left = loop_guard._of_effect(possible(event, facts, found, confirmations), ledger)
    return causing(event, facts, left, confirmations)


def _last_stays(
    tracked: Record, listed: tuple[str, ...], cancel: Compensation, deps: Deps, now_ms: int
) -> bool:
    return _cancel(tracked, listed[::-1], cancel, deps, now_ms)


def _not_listed(
    tracked: Record,
    now_ms: int,
    note: Reason,
    *,
    duplicates: tuple[str, ...] = (),
    event: str = "",
) -> tuple[Guard, Change]:
    return _listing(tracked, now_ms, note, event=event)


def _refused_at_times(scenario: Scenario) -> Scenario:
    return certain(replace(scenario, rates={**scenario.rates, "429 short": 0.4}))


TRACKING = (
    Mutant(
        "correlation hears any source",
        "The type is Genesys' own, so Genesys said it.",
        ((intake, "facts_of", _of_anybody),),
        tracks={"forged": 0.5, "shared": 0.0},
    ),
    Mutant(
        "whoever did it, it was our request",
        "An event shows what the request was to do.",
        ((attempt, "is_shown", _shown_by_anybody),),
        tracks=SHARED,
        stage=_refused_at_times,
    ),
    Mutant(
        "an item that was left out was sent all the same",
        "Genesys accepted the request, and this is one of its items.",
        ((Record, "leaves_out", lambda self, key: False),),
        tracks=SHARED,
        stage=_items_refused,
    ),
    Mutant(
        "entries of the next release lead nowhere",
        "We have no such destination.",
        ((correlation_entries, "_judging", _judged_by_name),),
        tracks={"key": "answered", "correlates": False, "is_routed": True},
        stage=_renamed,
    ),
    Mutant(
        "a record says its destination's new name alone",
        "Whoever reads it knows the configuration that wrote it.",
        ((Record, "formerly", ()),),
        tracks={"until_end": True, "is_routed": False},
        stage=_rolled_back,
    ),
    Mutant(
        "an answer is out under the new name alone",
        "That is what the destination is called.",
        ((Destination, "names", property(lambda self: (self.name,))),),
        tracks={"key": "answered", "correlates": False, "is_routed": True},
        stage=_rolled_back,
    ),
    Mutant(
        "an entry is not used up",
        "We await it, and it shows what we wrote.",
        ((loop_guard, "_meet", _met_by_all),),
        tracks=SHARED,
        stage=certain,
    ),
    Mutant(
        "conversations are no key",
        "Only our own id in the event says that it is ours.",
        (
            (
                loop_guard,
                "_meet",
                lambda event, facts, found, ledger, confirmations, under_way_ms=None: None,
            ),
        ),
    ),
    Mutant(
        "the key is written down with the answer",
        "Before that there is nothing to lead to.",
        ((dedup, "entries", lambda batch, confirmation, now_ms, **more: []),),
    ),
    Mutant(
        "an event does not wait for the answer",
        "It is news unless somebody says otherwise.",
        ((loop_guard, "_wait_s", lambda *args: 0.0),),
    ),
    Mutant(
        "a part begins anew",
        "What became of the whole is the whole's own business.",
        ((confirm._Visit, "_pass_on", lambda self, event, confirmation: Done()),),
        storm={"unanswered effect": 0.3, "item retryable": 0.4, "echo late": 0.4, "429 hours": 0.0},
        stage=_sent_again_in_doubt,
        tracks={"forgotten": 0.4, "contradicted": 0.0, "until_end": False},
    ),
    Mutant(
        "an event before the answer is dropped",
        "The request is not accepted yet.",
        ((confirm, "LISTENING", LISTENING - {"OPEN"}),),
    ),
    Mutant(
        "a reconciled record hears nothing more",
        "It is final.",
        ((confirm, "LISTENING", LISTENING - {"RECONCILED"}),),
    ),
    Mutant(
        "whoever comes last is right",
        "The transitions of correlation have no condition.",
        ((tracking, "turning", _unconditional),),
    ),
    Mutant(
        "early events count at once",
        "It has happened, so why wait.",
        ((ordering, "missing_before", _nothing_missing),),
    ),
    Mutant(
        "what is held stays held",
        "Whoever is interested will look.",
        ((ordering, "_release", _never_released),),
    ),
    Mutant(
        "the conversation is not compared",
        "The correlation id fits.",
        ((confirm, "_contradicted", lambda tracked, event, confirmation: ""),),
    ),
    Mutant(
        "the payload is not kept",
        "Genesys said 202.",
        tuple(
            (place, "sealed_key", lambda batch_id: f"sealed/elsewhere-{batch_id}.json")
            for place in (attempt, dedup, parts)
        ),
    ),
    Mutant(
        "sent again without being reopened",
        "The message is what matters.",
        ((overdue, "reopening", _sent_and_left_as_it_was),),
    ),
    Mutant(
        "silence is consent",
        "No event, no answer: it will have happened.",
        ((overdue, "_send_again", _put_off),),
    ),
    Mutant(
        "overdue records are left to their timers",
        "The queue never loses a message.",
        ((reconcile, "_sweep", lambda deps, result, deadline_ms: None),),
    ),
    Mutant(
        "of what a request made twice the newest stays",
        "Genesys answered that one, so it is the one that the customer has.",
        ((recovery, "_cancel", _last_stays),),
        storm=UNANSWERED,
        stage=_made_twice,
        tracks=CANCELS,
    ),
    Mutant(
        "what is cancelled needs no record",
        "It is gone, so there is nothing to tell a person.",
        ((recovery, "listing", _not_listed),),
        storm=UNANSWERED,
        stage=_made_twice,
        tracks=CANCELS,
    ),
    Mutant(
        "a contradiction is a duplicate",
        "The event has our id and names another conversation, so we made two.",
        ((Record, "may_be_doubled", property(lambda self: True)),),
        stage=_made_twice,
        tracks={**CANCELS, "contradicted": 0.5},
    ),
    *OF_TRACKED,
)
