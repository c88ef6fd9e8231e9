"""The record of a request to Genesys: its item in the ledger, as everybody reads it."""

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
    """A reason as a record has room for it."""
    return brief(str(reason))


def noted(history: tuple[str, ...], attempt: int, now_ms: int, note: Reason) -> list[str]:
    """A history and one more line: when, in which attempt, what. `read_line` reads it."""
    return [*history, f"{now_ms} #{attempt} {kept(note)}"][-HISTORY_MAX:]


def read_line(line: str) -> tuple[int, str, str] | None:
    """When a line of a history was written, in which attempt, and what it says; None where
    somebody else wrote it."""
    at_ms, attempt, what = (*line.split(" ", 2), "", "")[:3]
    return (int(at_ms), attempt, what) if at_ms.isdecimal() else None


class _Said(Generic[T]):
    """An attribute as the item says it, or as it usually is."""

    def __init__(self, usual: T, name: str = "") -> None:
        self._usual, self._kind, self._name = usual, type(usual), name

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = self._name or name

    def __get__(self, record: "Record", owner: type) -> T:
        return self._kind(record.item.get(self._name, self._usual))  # type: ignore[call-arg]


@dataclass(frozen=True)
class Record:
    """A request's record. What its item does not say has never happened to it."""

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
        """The names that its destination had before."""
        return tuple(self.item.get("formerly", ()))

    #: its events are claimed and not written
    is_shadow = _Said(False, "shadow")

    # --- attempts

    @property
    def attempt(self) -> int:
        return int(self.item["attempt"])

    #: attempts that certainly had no effect: waiting, which counts as no failure
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
        """Since when Genesys refuses it as in conflict (409); None: it does not."""
        since: int | None = self.item.get("conflict_since_ms")
        return since

    @property
    def unread_at_ms(self) -> int | None:
        """When a 2xx came that says nothing of it; None: none did."""
        at: int | None = self.item.get("unread_at_ms")
        return at

    @property
    def may_be_doubled(self) -> bool:
        """More than one attempt can have taken effect."""
        return self.attempt - self.deferred > 1

    @property
    def may_have_taken_effect(self) -> bool:
        """Some attempt may have: not every one of them certainly failed."""
        if self.state == "OPEN" and self.doubt_since_ms is None:
            # Unless it was accepted once, and never happened; or its whole's attempts did.
            return self.reposts > 0 or bool(self.parent)
        return self.attempt > 0 and self.state != "REJECTED"

    def leaves_out(self, key: str) -> bool:
        """Its only attempt was answered, and every item under this key is in a part: refused, or
        to be sent anew. Where items share a key nobody can tell which row is whose."""
        if self.state != "SPLIT" or self.resolved_by or self.may_be_doubled:
            return False
        if len(self.expected) != self.items:
            return False
        left_out = {int(index) for part in self.parts for index in part.get("indices", ())}
        named = {n for n, row in enumerate(self.expected) if row.key.lower() == key.lower()}
        return bool(named) and named <= left_out

    # --- times

    sealed_at_ms = _Said(0)
    #: when its last attempt came to an end; 0: none has
    settled_at_ms = _Said(0)
    #: since when Genesys' answer says that it took effect; 0: it does not
    accepted_at_ms = _Said(0)
    #: since when Genesys' truth says so; 0: it does not
    reconciled_at_ms = _Said(0)
    #: since when an event says so; 0: none does
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
        """Past its time a record counts as gone, whether or not DynamoDB has removed it yet."""
        return self.expires_at is not None and self.expires_at * 1000 <= now_ms

    # --- what it is about

    @property
    def events(self) -> tuple[str, ...]:
        """owner/identity of each. The item names an identity that is its own owner once."""
        listed = (str(event) for event in self.item.get("events", ()))
        return tuple(event if "/" in event else f"{event}/{event}" for event in listed)

    @property
    def items(self) -> int:
        """How many of them its request holds. What its own requests caused, and what was too old
        for it, is recorded with it and not sent."""
        return len(self.item.get("events", ())) - len(self.echoes) - len(self.aged)

    @property
    def echoes(self) -> Mapping[str, str]:
        """The request by the identity of the event that it caused."""
        return dict(self.item.get("echoes", {}))

    @property
    def aged(self) -> frozenset[str]:
        """Identities of the events that were past the horizon when it was recorded."""
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

    # --- what Genesys and its events say of it

    #: as Genesys answered it; "" before, or where it answers none
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
        """What Genesys can be asked by. The id that it answered is the id, whatever we chose; what
        we chose comes after it, in case the answer's id is that of something else."""
        own = tuple(row.key for row in self.expected if row.key)
        if not self.genesys_id or (own and self.items > 1):
            return own
        return tuple(dict.fromkeys((self.genesys_id, *own)))

    @property
    def absence_proves(self) -> bool:
        """Whether what Genesys does not find did not happen: only at an id that it has given or
        repeated, for what we chose it may have ignored."""
        return bool(self.genesys_id) and self.keys == (self.genesys_id,)

    def shows(self, key: str) -> Mapping[str, Any]:
        """What is expected under a key."""
        named = (key, "") if key != self.genesys_id else tuple(row.key for row in self.expected)
        return next((row.shows for row in self.expected if row.key in named), {})

    @property
    def is_whole(self) -> bool:
        """An event says of the whole request that it took effect: it has one item, or its answer
        said what became of each."""
        return self.items == 1 or self.accepted_at_ms > 0

    def both_named(self, confirmation: Confirmation | None) -> tuple[str, ...]:
        """The conversation that an event named before the answer came, and the one that the answer
        names, where these are two: two attempts have made one each, or the event is no echo. Not
        where that is known."""
        if confirmation is None or not confirmation.is_answered:
            return ()
        heard, answered = self.conversation_id, self.genesys_id
        if {heard, answered} <= set(self.duplicates):
            return ()
        is_named = confirmation.match == "conversation" and heard and answered
        return (heard, answered) if is_named and heard.lower() != answered.lower() else ()

    def is_complete(self, confirmation: Confirmation | None) -> bool:
        """Everything that completes the record has been seen, and nothing waits."""
        if self.ordering.held:
            return False
        if confirmation is None or not confirmation.completed_by:
            return self.heard_at_ms > 0 or self.reconciled_at_ms > 0
        return self.ordering.has_seen(confirmation.completes)

    # --- counts of confirm and reconcile

    #: changes by correlation so far
    turn = _Said(0)
    #: questions asked about it
    tries = _Said(0)
    #: times that its window was stretched
    stretches = _Said(0)
    #: times that it was sent again because it had not happened
    resends = _Said(0)
    #: times that its message was sent again because it seemed to be gone
    prompts = _Said(0)

    # --- what a person sees

    #: whose list it is on; "" for nobody's
    attention = _Said("")
    #: the second from which on it is due there
    due_at = _Said(0)
    #: why a person has it; "" where none has
    reason = _Said("")
    #: a person has to decide, whatever comes
    is_locked = _Said(False, "locked")
    resolved_by = _Said("")
    resolved_at_ms = _Said(0)
    duplicates = _Said[tuple[str, ...]](())
    contradictions = _Said[tuple[str, ...]](())
    history = _Said[tuple[str, ...]](())
