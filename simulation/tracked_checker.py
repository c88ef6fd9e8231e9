"""The verdict on tracked requests (tracked.py): each record must be in the one state that follows
from everything that happened to its request."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lambdas.relay.kernel.reasons import Code, code_of
from simulation.checker import Account, check
from simulation.functions import FUNCTIONS, Function, Instance
from simulation.history import History
from simulation.tracked import (
    ASSIGNED,
    CREATED,
    ENDED,
    ENDING_PATH,
    Played,
    TrackedWorld,
    Tracks,
    draw_tracked,
    item_of,
)
from simulation.whereabouts import FINISHED, WITH_A_PERSON

#: how often a request that Genesys accepts and never carries out is repeated, independently counted
SENT_AGAIN_MAX = 2
WRITTEN_BACK = "an event that a request caused was written back"


def check_tracked(history: History, world: TrackedWorld) -> Account:
    """The account of the events, and the verdict on every tracked record. Reads the world's own
    notes and what the run left, but nothing of the code under test."""
    account = check(history, world.scenario.regime)
    # Which cases may go to a person, and why, is judged here.
    account.violations = [v for v in account.violations if not v.endswith(WRITTEN_BACK)]
    account.violations = [v for v in account.violations if "was given to a person" not in v]
    account.violations += list(
        _shared(history, world) if world.tracks.shared else _written_back(history, world)
    )
    quarantined = " ".join(t for n, t in history.documents.items() if n.startswith("quarantine/"))
    set_aside = " ".join([quarantined, *history.harm.purged_texts])
    emptied = history.harm.emptied | history.harm.taken_out
    effects = Counter(str(effect.item["id"]) for effect in history.effects)
    account.violations += list(_cancelled(history, world))
    endings = {call.key for call in history.calls if call.path.startswith(ENDING_PATH)}
    ids = {
        call.key: [str(item["id"]) for item in json.loads(call.body)["entities"]]
        for call in history.calls
        if call.key not in endings
    }
    for (pk, sk), item in sorted(history.items.items()):
        batch_id = pk.removeprefix("R#")
        if sk == "R" and item["attempt"] > 0 and batch_id not in endings:
            line = list(_line(batch_id, history.parents))
            own = next((ids[each] for each in line if each in ids), [])
            found = Found(
                batch_id=batch_id,
                item=item,
                ids=own,
                effects=effects,
                played=_played(world, line, own),
                forgotten=world.tracked_server.forgotten.count(batch_id),
                quarantined=quarantined,
                set_aside=set_aside,
                unread=history.unread,
                strangers=sum(len(world.strangers.get(each, ())) for each in own),
                is_emptied=any(emptied & world.requests.get(each, set()) for each in line),
            )
            account.violations += [f"{pk}: {said}" for said in _judge(found, world.tracks)]
    return account


def _line(batch_id: str, parents: Mapping[str, str]) -> Iterator[str]:
    """A request and those that it was split from, the nearest first."""
    while batch_id:
        yield batch_id
        batch_id = parents.get(f"R#{batch_id}", "")


def _played(world: TrackedWorld, line: list[str], ids: list[str]) -> list[Played]:
    """The events about a request: its own, matching ones of what it was split from, and all under
    its key, if nothing else says whose they are."""
    shared = not world.tracks.correlates

    def tells(played: Played) -> bool:
        fits = played.item_id in ids
        return played.batch_id == line[0] or (fits and (shared or played.batch_id in line))

    return [played for played in world.played if tells(played)]


def _written_back(history: History, world: TrackedWorld) -> Iterator[str]:
    """Events caused by requests, among what took effect."""
    caused: dict[str, set[str]] = {}
    for played in world.played:
        caused.setdefault(f"echo-{played.item_id}", set()).add(played.batch_id)
    for effect in history.effects:
        records = [
            history.items.get((f"R#{batch_id}", "R"), {"attempt": 0})
            for batch_id in caused.get(str(effect.item.get("marker")), ())
        ]
        if records and not any(
            is_unknowable(item, world.tracks, history.unread) for item in records
        ):
            yield WRITTEN_BACK


def _shared(history: History, world: TrackedWorld) -> Iterator[str]:
    """Among the events of one kind and key, as many are ours as requests took effect, whichever
    they are; all others are unrelated."""
    written: dict[str, set[str]] = {}
    for effect in history.effects:
        marker = str(effect.item.get("marker"))
        item_id = marker.removeprefix("echo-").removeprefix("stranger-").rsplit("-", 1)[0]
        written.setdefault(item_id if "stranger-" in marker else marker[5:], set()).add(marker)
    effects = Counter(str(effect.item["id"]) for effect in history.effects)
    quarantined = " ".join(t for n, t in history.documents.items())
    for item_id in {*world.strangers, *(played.item_id for played in world.played)}:
        own = [p for p in world.played if p.item_id == item_id and p.topic == CREATED]
        told = {f"echo-{item_id}"} if any(not p.lost for p in own) else set()
        told |= set(world.strangers.get(item_id, ()))
        if any(marker in quarantined for marker in told) or not world.tracks.is_routed:
            continue
        taken = len(told - written.get(item_id, set()))
        if taken > effects[item_id]:
            yield f"{item_id}: {taken} events are taken for ours, of {effects[item_id]} effects"
        if effects[item_id] and not taken and any(not p.lost for p in own):
            yield WRITTEN_BACK


def _cancelled(history: History, world: TrackedWorld) -> Iterator[str]:
    """One of the conversations that a request made stays: the one that its record is about. Nobody
    may end what a request cannot have made. And what is listed is ended, or a person has it."""
    ended = world.tracked_server.ended
    records = {pk: item for (pk, sk), item in history.items.items() if sk == "R"}
    attempts = Counter[str]()
    for call in history.calls:
        made = records.get(f"R#{call.key}", {}).get("attempt", 0)
        for item in json.loads(call.body).get("entities", ()):
            attempts[item["id"]] = max(attempts[item["id"]], made)
    listed = {name for item in records.values() for name in item.get("duplicates", ())}
    with_a_person = any(item["state"] in WITH_A_PERSON for item in records.values())
    for name in sorted(ended):
        if attempts[item_of(name.removeprefix("x-"))] < 2:
            yield f"conversation {name} was ended, though its request was made once"
        if name not in listed:
            yield f"conversation {name} was ended, and no record says so"
    for pk, item in records.items():
        about = item.get("conversation_id") or item.get("genesys_id")
        names = item.get("duplicates", ())
        if about in ended:
            yield f"{pk}: the conversation that it is about was ended"
        if names and set(names) <= ended:
            yield f"{pk}: all that it made was ended"
        is_done = world.tracks.cancels and item["state"] in FINISHED and not with_a_person
        if is_done and len(set(names) - ended) > 1:
            yield f"{pk}: its duplicates are listed, and nobody ended them"


def is_unknowable(item: Mapping[str, Any], tracks: Tracks, unread: Mapping[str, int]) -> bool:
    """Only the answer names what the request has made, and an answer was lost: then our event
    cannot be distinguished from others, as it carries nothing of ours (docs/decisions/0008)."""
    # This world answers with the item's id, so a part gets the one that its whole was given.
    is_unread = str(item.get("pk", "")).removeprefix("R#") in unread
    is_repeated = item["attempt"] > 1 or "parent" in item or is_unread
    return tracks.key == "answered" and not tracks.correlates and is_repeated


@dataclass(frozen=True, slots=True)
class Found:
    """Everything about one request."""

    batch_id: str
    item: Mapping[str, Any]
    ids: list[str]
    #: how often each item took effect, by its id, under any request
    effects: Mapping[str, int]
    played: list[Played]
    forgotten: int
    quarantined: str
    #: the same, and what was purged before it was claimed
    set_aside: str
    #: requests whose answers say nothing of them
    unread: Mapping[str, int]
    #: events about the same effect, caused by others
    strangers: int
    #: its messages were purged, edited or taken away
    is_emptied: bool

    def was_heard(self, topic: str, of: str = "") -> bool:
        """Whether an event of this topic, of this conversation or of any, reached the relay and was
        neither quarantined nor purged before it was claimed."""
        return any(
            p.topic == topic and not p.lost and not p.contradicts and not self.is_set_aside(p)
            for p in self.played
            if of in ("", p.conversation)
        )

    @property
    def stays(self) -> str:
        """The one of several conversations that is not cancelled; "" if only one is known."""
        return str(next(iter(self.item.get("duplicates", ())), ""))

    def is_set_aside(self, played: Played) -> bool:
        return f'"{played.item_id}' in self.set_aside

    @property
    def is_contradicted(self) -> bool:
        """By an event that carries its own id."""
        return any(p.contradicts and p.batch_id == self.batch_id for p in self.played)

    @property
    def may_be_contradicted(self) -> bool:
        """Or by an event of a request that it was split from."""
        return any(p.contradicts for p in self.played)

    @property
    def is_contradiction_set_aside(self) -> bool:
        """A person has the event itself, which named another conversation."""
        return any(p.contradicts and f"x-{p.item_id}" in self.quarantined for p in self.played)

    def knows_its_conversation(self, tracks: Tracks) -> bool:
        """By our own key, by the answer, or by an event of the conversation that it started.
        Without any of these, a contradicting event looks like the first event about it."""
        is_heard = any(not p.lost and not p.contradicts for p in self.played)
        return tracks.key != "answered" or bool(self.item.get("genesys_id")) or is_heard

    @property
    def has_happened(self) -> bool:
        """Under any request: a part repeats what its whole may have caused."""
        return any(each in self.effects for each in self.ids)

    @property
    def is_doubled(self) -> bool:
        return any(self.effects.get(each, 0) > 1 for each in self.ids)


def _judge(found: Found, tracks: Tracks) -> Iterator[str]:
    item, state = found.item, found.item["state"]
    if is_unknowable(item, tracks, found.unread):
        return
    if len(item.get("held", ())) > 20:
        yield f"{len(item['held'])} events are held"
    match state:
        case "CONFIRMED":
            yield from _judge_confirmed(found, tracks)
        case "RECONCILED":
            if not found.has_happened and "resolved_by" not in item:
                yield "is reconciled and never happened"
            if not tracks.until_end and found.was_heard(CREATED) and not found.is_doubled:
                yield "its event came, and it is reconciled as if it had not"
        case "MANUAL_REVIEW":
            yield from _judge_reviewed(found, str(item.get("reason", "")), tracks)
        case "DONE":
            yield "is done without confirmation"
        case _:
            pass
    told = item.get("contradictions") or item.get("duplicates") or found.is_contradiction_set_aside
    can_tell = found.is_contradicted and found.knows_its_conversation(tracks)
    if can_tell and state in ("CONFIRMED", "RECONCILED") and not told:
        yield "was contradicted, and nobody is asked"
    if found.forgotten > 0 and not found.has_happened and state not in ("MANUAL_REVIEW", "SPLIT"):
        yield f"was accepted, never happened, and is {state}"


def _judge_confirmed(found: Found, tracks: Tracks) -> Iterator[str]:
    genuine = {p.topic for p in found.played if not p.lost and not p.contradicts}
    is_told = genuine and (tracks.until_end or CREATED in genuine)
    # If the answer gave no id, the first event decides; the others contradict it, or show a second
    # conversation where a request may have been repeated.
    others = found.item.get("contradictions") or found.item.get("duplicates")
    is_told = is_told or bool(others and not found.item.get("genesys_id"))
    if found.knows_its_conversation(tracks) and not (is_told or found.strangers):
        yield "is confirmed by an event that was never published"
    seen = {name.partition("|")[2] for name in found.item.get("seen", {})}
    if tracks.until_end and not {CREATED, ASSIGNED, ENDED} <= seen:
        yield f"is complete, and its conversation has only seen {sorted(seen)}"
    if found.item.get("held"):
        yield "is confirmed while events are held"


def _judge_reviewed(found: Found, reason: str, tracks: Tracks) -> Iterator[str]:
    accepted = "accepted_at_ms" in found.item or found.forgotten > 0
    match code_of(reason):
        case Code.NEVER_HAPPENED:
            if found.forgotten <= SENT_AGAIN_MAX and "lost" not in found.quarantined:
                yield f"was given up after {found.forgotten} requests that never happened"
        case Code.HELD_IN_VAIN:
            if all(found.was_heard(topic, found.stays) for topic in (CREATED, ASSIGNED)):
                yield f"waits for what has come: {reason}"
        case Code.DUPLICATE:
            if not found.is_doubled and not found.may_be_contradicted:
                yield "is said to be doubled and is not"
        case Code.TRUTH_DIFFERS:
            if not accepted:
                yield "is compared before it was accepted"
        case Code.ABANDONED if found.is_emptied:
            return  # nobody could send it, and only write completes what was heard while it is open
        case _ if found.item.get("held"):
            return
        case _ if found.was_heard(CREATED) and len(found.ids) == 1 and not tracks.until_end:
            yield f"its event came, and a person is asked: {reason}"


def run_tracked(
    seed: int, functions: Mapping[str, Callable[[Instance], Function]] = FUNCTIONS
) -> tuple[Account, TrackedWorld]:
    scenario, tracks = draw_tracked(seed)
    world = TrackedWorld(scenario, tracks, functions=functions)
    return check_tracked(world.run(), world), world
