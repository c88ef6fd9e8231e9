"""The record of a request: its item in the ledger, read in one way by all functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from lambdas.relay.destinations.correlation import Confirmation, read_expected
from lambdas.relay.destinations.truth import Expectation
from lambdas.relay.kernel.personal import brief
from lambdas.relay.kernel.ports import Item
from lambdas.relay.kernel.reasons import Reason
from lambdas.relay.requests.damage import sound
from lambdas.relay.requests.ordering import Ordering
from lambdas.relay.requests.states import STATES, State

#: the keys of records: R#<batch_id> / R
PREFIX, SORT_KEY = "R#", "R"
#: lines of its history that a record keeps
HISTORY_MAX = 20
T = TypeVar("T")


def record_key(batch_id: str) -> tuple[str, str]:
    return f"{PREFIX}{batch_id}", SORT_KEY


def batch_id_of(pk: str) -> str:
    return pk.removeprefix(PREFIX)


def kept(reason: Reason) -> str:
    """A reason, cut to the room in a record."""
    return brief(str(reason))


def noted(history: tuple[str, ...], attempt: int, now_ms: int, note: Reason) -> list[str]:
    """A history with one more line: time, attempt, what happened. `read_line` reads it."""
    return [*history, f"{now_ms} #{attempt} {kept(note)}"][-HISTORY_MAX:]


def read_line(line: str) -> tuple[int, str, str] | None:
    """The time, attempt and text of a line of a history; None if it is not in our form."""
    at_ms, attempt, what = (*line.split(" ", 2), "", "")[:3]
    return (int(at_ms), attempt, what) if at_ms.isdecimal() else None


class _Said(Generic[T]):
    """An attribute of the item, or its default."""

    def __init__(self, usual: T, name: str = "") -> None:
        self._usual, self._kind, self._name = usual, type(usual), name

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = self._name or name

    def __get__(self, record: "Record", owner: type) -> T:
        return self._kind(record.item.get(self._name, self._usual))  # type: ignore[call-arg]


@dataclass(frozen=True)
class Record:
    """A request's record. A missing attribute means that it never happened."""

    item: Item

    @classmethod
    def of(cls, item: Item) -> "Record":
        return cls(sound(item, STATES))

    def with_(self, **attributes: object) -> "Record":
        """The record with these attributes changed."""
        return Record({**self.item, **attributes})

    @property
    def batch_id(self) -> str:
        return batch_id_of(str(self.item["pk"]))

    @property
    def state(self) -> State:
        state: State = self.item["state"]
        return state

    destination = _Said("")

    @property
    def formerly(self) -> tuple[str, ...]:
        """The destination's former names."""
        return tuple(self.item.get("formerly", ()))

    #: its events are claimed but not written
    is_shadow = _Said(False, "shadow")

    # --- attempts

    @property
    def attempt(self) -> int:
        return int(self.item["attempt"])

    #: attempts that certainly had no effect: deferrals, which are not failures
    deferred = _Said(0)
    reposts = _Said(0)
    holder = _Said("")
    lease_until_ms = _Said(0)

    @property
    def doubt_since_ms(self) -> int | None:
        since: int | None = self.item.get("doubt_since_ms")
        return since

    @property
    def conflict_since_ms(self) -> int | None:
        """Since when Genesys has been refusing it with 409; None: it has not."""
        since: int | None = self.item.get("conflict_since_ms")
        return since

    @property
    def unread_at_ms(self) -> int | None:
        """When it got an unreadable 2xx; None: never."""
        at: int | None = self.item.get("unread_at_ms")
        return at

    @property
    def may_be_doubled(self) -> bool:
        """Whether more than one attempt can have taken effect."""
        return self.attempt - self.deferred > 1

    @property
    def may_have_taken_effect(self) -> bool:
        """Whether some attempt may have taken effect: not all of them certainly failed."""
        if self.state == "OPEN" and self.doubt_since_ms is None:
            # Unless it was accepted once without effect, or attempts of its whole were.
            return self.reposts > 0 or bool(self.parent)
        return self.attempt > 0 and self.state != "REJECTED"

    def leaves_out(self, key: str) -> bool:
        """Whether its only attempt was answered and every item under this key is in a part:
        refused, or to be sent again. If items share a key, it is unknown which row belongs to
        which."""
        if self.state != "SPLIT" or self.resolved_by or self.may_be_doubled:
            return False
        if len(self.expected) != self.items:
            return False
        left_out = {int(index) for part in self.parts for index in part.get("indices", ())}
        named = {n for n, row in enumerate(self.expected) if row.key.lower() == key.lower()}
        return bool(named) and named <= left_out

    # --- times

    sealed_at_ms = _Said(0)
    #: when its last attempt ended; 0: none has
    settled_at_ms = _Said(0)
    #: when Genesys' answer said that it took effect; 0: it did not
    accepted_at_ms = _Said(0)
    #: when Genesys' truth showed it; 0: it did not
    reconciled_at_ms = _Said(0)
    #: when an event showed it; 0: none did
    heard_at_ms = _Said(0)

    @property
    def is_heard(self) -> bool:
        return "heard_at_ms" in self.item

    window_until_ms = _Said(0)

    @property
    def expires_at(self) -> int | None:
        at: int | None = self.item.get("expires_at")
        return at

    def has_expired(self, now_ms: int) -> bool:
        """An expired record counts as missing, whether or not DynamoDB has removed it yet."""
        return self.expires_at is not None and self.expires_at * 1000 <= now_ms

    # --- what it is about

    @property
    def events(self) -> tuple[str, ...]:
        """owner/identity of each. The item names an identity only once if it is its own owner."""
        listed = (str(event) for event in self.item.get("events", ()))
        return tuple(event if "/" in event else f"{event}/{event}" for event in listed)

    @property
    def items(self) -> int:
        """How many of them its request contains. Echoes, events beyond the horizon and what turned
        out to be another's are recorded but not sent. Before its first attempt the last of these
        are counted."""
        recorded = len(self.item.get("events", ())) - len(self.echoes) - len(self.aged)
        return int(self.item.get("items", recorded))

    @property
    def echoes(self) -> Mapping[str, str]:
        """The request by the identity of the event that it caused."""
        return dict(self.item.get("echoes", {}))

    @property
    def aged(self) -> frozenset[str]:
        """The identities of the events that were beyond the horizon when it was recorded."""
        return frozenset(self.item.get("aged", ()))

    parent = _Said("")

    @property
    def parts(self) -> tuple[Mapping[str, Any], ...]:
        """The requests that it was split into."""
        return tuple(self.item.get("parts", ()))

    @property
    def part_ids(self) -> tuple[str, ...]:
        return tuple(str(part.get("batch_id", "")) for part in self.parts)

    compensated_by = _Said("")

    # --- what Genesys and its events say about it

    #: the id in Genesys' answer; "" before, or if it has none
    genesys_id = _Said("")
    #: `ININ-Correlation-Id` of Genesys' answer
    context_id = _Said("")
    #: the conversation that an event or the answer named first
    conversation_id = _Said("")
    confirmed_by = _Said("")
    confirmed_at_ms = _Said(0)

    @cached_property
    def expected(self) -> tuple[Expectation, ...]:
        return read_expected(self.item.get("expected", ""))

    @cached_property
    def ordering(self) -> Ordering:
        return Ordering.of(self.item)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys to ask Genesys by. The answered id comes first; the one that we chose follows,
        in case the answered id belongs to something else."""
        own = tuple(row.key for row in self.expected if row.key)
        if not self.genesys_id or (own and self.items > 1):
            return own
        return tuple(dict.fromkeys((self.genesys_id, *own)))

    @property
    def absence_proves(self) -> bool:
        """Whether a missing effect proves that it did not happen: only under an id that Genesys
        gave or repeated, since it may have ignored the one that we chose."""
        return bool(self.genesys_id) and self.keys == (self.genesys_id,)

    def shows(self, key: str) -> Mapping[str, Any]:
        """The expected effect under a key."""
        named = (key, "") if key != self.genesys_id else tuple(row.key for row in self.expected)
        return next((row.shows for row in self.expected if row.key in named), {})

    @property
    def is_whole(self) -> bool:
        """Whether one event confirms the whole request: it has one item, or its answer gave the
        result of each."""
        return self.items == 1 or self.accepted_at_ms > 0

    def both_named(self, confirmation: Confirmation | None) -> tuple[str, ...]:
        """The conversation that an early event named and the one in the answer, if they differ: two
        attempts created one each, or the event is not an echo. Empty once this is recorded."""
        if confirmation is None or not confirmation.is_answered:
            return ()
        heard, answered = self.conversation_id, self.genesys_id
        if {heard, answered} <= set(self.duplicates):
            return ()
        is_named = confirmation.match == "conversation" and heard and answered
        return (heard, answered) if is_named and heard.lower() != answered.lower() else ()

    def is_complete(self, confirmation: Confirmation | None) -> bool:
        """Whether everything that completes the record has been seen, and nothing is held."""
        if self.ordering.held:
            return False
        if confirmation is None or not confirmation.completed_by:
            return self.heard_at_ms > 0 or self.reconciled_at_ms > 0
        return self.ordering.has_seen(confirmation.completes)

    # --- counts of confirm and reconcile

    #: changes by correlation so far
    turn = _Said(0)
    #: queries about it
    tries = _Said(0)
    #: how often its window was extended
    stretches = _Said(0)
    #: how often it was sent again because it had no effect
    resends = _Said(0)
    #: how often its message was sent again because it seemed to be gone
    prompts = _Said(0)

    # --- what a person sees

    #: the list it is on; "": none
    attention = _Said("")
    #: when it is due there, in seconds
    due_at = _Said(0)
    #: why a person must decide; "": none must
    reason = _Said("")
    #: a person must decide, whatever comes
    is_locked = _Said(False, "locked")
    resolved_by = _Said("")
    resolved_at_ms = _Said(0)
    duplicates = _Said[tuple[str, ...]](())
    contradictions = _Said[tuple[str, ...]](())
    history = _Said[tuple[str, ...]](())
