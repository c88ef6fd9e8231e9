"""The states of a request as data: the states, the transitions, the invariants of each.

The diagram in docs/architecture.md is drawn from here. The ledgers of the simulation and of the
tests ask `objections` at every write, so that a transition that is not listed here, or that breaks
an invariant, is noticed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from lambdas.relay.kernel.ports import Item

State = Literal[
    "SEALED",
    "MERGED",
    "OPEN",
    "DONE",
    "PENDING_EVENT",
    "CONFIRMED",
    "TIMEOUT_RECOVERY",
    "RECONCILED",
    "SPLIT",
    "EMPTY",
    "REJECTED",
    "MANUAL_REVIEW",
    "DISCARDED",
]

STATES: frozenset[State] = frozenset(get_args(State))
#: its attempt has ended
SETTLED: frozenset[State] = frozenset(
    {"DONE", "PENDING_EVENT", "TIMEOUT_RECOVERY", "CONFIRMED", "RECONCILED", "EMPTY", "DISCARDED"}
)
#: nothing more needs to happen
FINAL: frozenset[State] = frozenset(
    {"DONE", "CONFIRMED", "RECONCILED", "EMPTY", "SPLIT", "DISCARDED", "MERGED"}
)
#: a person must decide
PARKED: frozenset[State] = frozenset({"REJECTED", "MANUAL_REVIEW"})
#: accepted; its event has not come yet
WAITING: frozenset[State] = frozenset({"PENDING_EVENT", "TIMEOUT_RECOVERY"})
#: the record still takes events
LISTENING: frozenset[State] = frozenset(
    {"SEALED", "OPEN", "PENDING_EVENT", "TIMEOUT_RECOVERY", "RECONCILED", "MANUAL_REVIEW"}
)

#: partitions of the attention index: overdue is the reconciler's, review is a person's
OVERDUE = "overdue"
REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Transition:
    """A named change: from each of `sources` to one of `targets`; without targets, the state
    stays."""

    name: str
    sources: tuple[State, ...]
    targets: tuple[State, ...] = ()

    def leads(self, before: State, after: State) -> bool:
        return before in self.sources and after in (self.targets or (before,))


#: the initial states of a record
BEGINNINGS: Mapping[str, tuple[State, ...]] = {
    "sealed": ("SEALED",),
    "merged": ("MERGED",),
    "parked unsent": ("REJECTED", "MANUAL_REVIEW"),
}

TRANSITIONS: tuple[Transition, ...] = (
    # dedup and write (sending.py)
    Transition("opening", ("SEALED", "OPEN"), ("OPEN",)),
    Transition("releasing", ("OPEN",)),
    Transition("reposting", ("OPEN",)),
    Transition("noting", ("OPEN",)),
    Transition("doubting", ("SEALED", "OPEN")),
    Transition(
        "settling",
        ("OPEN",),
        ("DONE", "PENDING_EVENT", "RECONCILED", "SPLIT", "REJECTED", "MANUAL_REVIEW"),
    ),
    Transition("emptying", ("SEALED",), ("EMPTY",)),
    Transition("parking", ("SEALED", "OPEN"), ("MANUAL_REVIEW",)),
    # confirm and reconcile (tracking.py)
    Transition("hearing", ("SEALED", "OPEN", *sorted(WAITING), "RECONCILED", "MANUAL_REVIEW")),
    Transition(
        "hearing",
        ("PENDING_EVENT", "TIMEOUT_RECOVERY", "RECONCILED", "MANUAL_REVIEW"),
        ("CONFIRMED", "RECONCILED"),
    ),
    Transition("accepting", ("OPEN",), ("PENDING_EVENT",)),
    Transition("completing", ("PENDING_EVENT", "TIMEOUT_RECOVERY"), ("CONFIRMED", "RECONCILED")),
    Transition("stretching", ("PENDING_EVENT",)),
    Transition("recovering", ("PENDING_EVENT",), ("TIMEOUT_RECOVERY",)),
    Transition("asking_again", ("PENDING_EVENT", "TIMEOUT_RECOVERY")),
    Transition("reconciling", ("OPEN", "PENDING_EVENT", "TIMEOUT_RECOVERY"), ("RECONCILED",)),
    Transition("reconciling", ("PENDING_EVENT", "TIMEOUT_RECOVERY")),
    Transition("reopening", ("PENDING_EVENT", "TIMEOUT_RECOVERY"), ("SEALED",)),
    Transition(
        "reviewing",
        (
            "SEALED",
            "OPEN",
            "PENDING_EVENT",
            "TIMEOUT_RECOVERY",
            "CONFIRMED",
            "RECONCILED",
            "MANUAL_REVIEW",
        ),
        ("MANUAL_REVIEW",),
    ),
    Transition(
        "listing",
        ("SEALED", "OPEN", *sorted(WAITING), "RECONCILED", "CONFIRMED", "MANUAL_REVIEW"),
    ),
    Transition("postponing", ("SEALED", "OPEN", "PENDING_EVENT", "TIMEOUT_RECOVERY", "SPLIT")),
    # a person, or a writer that has sent the parts of a split (resolving.py)
    Transition(
        "resolving",
        ("REJECTED", "MANUAL_REVIEW"),
        ("SPLIT", "RECONCILED", "DISCARDED", "EMPTY"),
    ),
    Transition("concluding", ("SPLIT",)),
)


def leading(before: State | None, after: State) -> frozenset[str]:
    """The names of the transitions from one state to another; empty: none."""
    if before is None:
        return frozenset(name for name, states in BEGINNINGS.items() if after in states)
    return frozenset(t.name for t in TRANSITIONS if t.leads(before, after))


def objections(old: Item | None, new: Item) -> Iterator[str]:
    """The faults of a write of a record, as sentences; empty if it is sound."""
    before, after = None if old is None else old["state"], new["state"]
    if not leading(before, after):
        yield f"no transition leads from {before} to {after}"
    yield from (f"{after}: {says}" for says, holds in _rules(new) if not holds)


def _rules(item: Item) -> Iterator[tuple[str, bool]]:
    """The invariants of a record, by its state."""
    state, listed = item["state"], item.get("attention", "")
    is_expiring = "expires_at" in item
    if state == "SPLIT":
        # It stays listed until its parts are sent.
        yield "it expires once nobody has to see to it", is_expiring != (listed == OVERDUE)
    elif state in FINAL:
        yield "final, so it expires", is_expiring
        yield "final, so nobody has to see to it", not listed
    else:
        yield "not final, so it does not expire (R6)", not is_expiring
        yield (
            "not final, so it is on somebody's list, with a time",
            bool(listed) and ("due_at" in item),
        )
        yield (
            "on a person's list where it is parked, else on the reconciler's",
            (listed == (REVIEW if state in PARKED else OVERDUE)),
        )
    if state in PARKED:
        yield "parked, so it says why", bool(item.get("reason"))
    if state in WAITING:
        yield "its event is awaited, so Genesys has accepted it", "accepted_at_ms" in item
        yield "its event is awaited, so its window has an end", "window_until_ms" in item
    if state == "OPEN":
        yield "opened, so somebody holds it, or has", item["attempt"] > 0 and "holder" in item
        yield (
            "under a lease, so with an unknown outcome (R2)",
            (not item["lease_until_ms"] or "doubt_since_ms" in item),
        )
    yield "an attempt without effect is an attempt", item.get("deferred", 0) <= item["attempt"]
    if state in ("SEALED", "EMPTY", "MERGED"):
        yield "nobody holds it", not item["lease_until_ms"]
    if state in ("DONE", "CONFIRMED"):
        yield "it took effect, so there is no doubt", "doubt_since_ms" not in item


def diagram() -> str:
    """The states as a Mermaid diagram, without changes that keep the state."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for name, states in BEGINNINGS.items():
        for state in states:
            arrows.setdefault(("[*]", state), []).append(name)
    for transition in TRANSITIONS:
        for source in transition.sources:
            for target in transition.targets:
                if source != target and transition.name not in arrows.get((source, target), ()):
                    arrows.setdefault((source, target), []).append(transition.name)
    for state in sorted(FINAL):
        arrows.setdefault((state, "[*]"), [])
    rows = [
        f"  {source} --> {target}" + (f": {', '.join(names)}" if names else "")
        for (source, target), names in arrows.items()
    ]
    return "\n".join(["stateDiagram-v2", *rows])
