"""What a person decides on cases, right or wrong, once or more often, and what becomes of it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lambdas.relay.kernel.limits import DAY_S, REDRIVES_MAX
from lambdas.relay.kernel.ports import Outgoing
from lambdas.relay.messages.dead_letters import REDRIVES
from lambdas.relay.requests.record import batch_id_of
from lambdas.relay.requests.states import REVIEW
from lambdas.relay.review.resolution import Decision, NotResolved, Verdict, find, resolve
from lambdas.relay.routes.configuration import Configuration
from simulation.hands.acts import delete_records
from simulation.hands.moments import called, claimed, recorded, sealed, tried
from simulation.hands.outcomes import effects_of
from simulation.hands.world import CALLS, EVENTS, STEPS, World, Wrong, customer

#: as decided: the first decision holds, and no event took effect more often than it ordered; waits:
#: it cannot be carried out, the command said so, and the cases wait as before; replayed: the
#: archive delivered them although the decision was another one or could not be carried out; twice:
#: more often than decided; lost: less often; endless: something still changes
Decided = Literal["as decided", "waits", "replayed", "lost", "twice", "endless"]


@dataclass(frozen=True, slots=True)
class Case:
    """Requests that wait for a person, and how they got there."""

    configuration: Configuration
    bring: Callable[[World], None]


def _left(bring: Callable[[World], None], wrong: Wrong = "") -> Callable[[World], None]:
    """Until only a person can help; by then what was wrong is mended."""

    def left(world: World) -> None:
        bring(world)
        world.http.wrong = wrong
        world.rest()
        world.http.wrong = ""

    return left


def _unheard(world: World) -> None:
    """Neither an answer nor an event shows what took effect."""
    world.platform.caused.next_fates.extend(["never"] * EVENTS)
    tried("dies after")(world)


def _given_up(world: World) -> None:
    """Dead letters of dedup that have been redriven as often as allowed."""
    sealed(world)
    letters = [Outgoing(m.body, {REDRIVES: str(REDRIVES_MAX)}) for m in world.take("batches")]
    world.put("batches-dead", letters)


def _gone(world: World) -> None:
    claimed(world)
    delete_records(world, "writes")
    world.rest()


def _purged(world: World) -> None:
    recorded(world)
    world.take("batches")
    world.rest()


CASES: Mapping[str, Case] = {
    "steps refused": Case(STEPS, _left(claimed, "refuses")),
    "a call refused": Case(CALLS, _left(claimed, "refuses")),
    "outcome unknown, no effect": Case(CALLS, _left(tried("dies before"))),
    "outcome unknown, took effect": Case(CALLS, _left(_unheard)),
    "accepted, never happened": Case(CALLS, _left(called("never_nor_effect"))),
    "its record is gone": Case(STEPS, _gone),
    "given up before it was claimed": Case(STEPS, _left(_given_up)),
    "purged, nothing left of it": Case(STEPS, _purged),
}

#: a step of a person who decides
Step = Verdict | Literal["old messages", "archive", "days"]
DECISIONS: Mapping[str, Sequence[Step]] = {
    "not happened": ("again",),
    "happened": ("happened",),
    "discarded": ("discard",),
    "not happened, twice": ("again", "again"),
    "not happened, and once more days later": ("again", "days", "again"),
    "not happened, then discarded": ("again", "discard"),
    "not happened, then happened": ("again", "happened"),
    "happened, then not happened": ("happened", "again"),
    "discarded, then not happened": ("discard", "again"),
    "not happened, then its old messages put back": ("again", "old messages"),
    "its old messages put back, then not happened": ("old messages", "again"),
    "happened, then its old messages put back": ("happened", "days", "old messages"),
    "discarded, then the archive replayed": ("discard", "days", "archive"),
    "not happened, then the archive replayed": ("again", "days", "archive"),
}


def brought_to_case(case: str) -> World:
    world = World(CASES[case].configuration)
    CASES[case].bring(world)
    return world


def decided(case: str, decision: str) -> Decided:
    """What became of the cases."""
    world = brought_to_case(case)
    ids = [batch_id_of(pk) for pk, sk in world.ledger.due(REVIEW, 1 << 40, 100)]
    before, first = Counter(effects_of(world)), ""
    for step in DECISIONS[decision]:
        match step:
            case "days":
                world.rest()
                world.timeline.advance(3 * DAY_S)
            case "old messages":
                world.put("writes", [Outgoing(body) for body in world.stored["writes"].seen])
            case "archive":
                world.replay()
            case _:
                done = [decide(world, each, step) for each in ids]
                first = first or (step if all(done) else "")
    world.rest()
    return _judged(world, before, first)


def decide(world: World, batch_id: str, verdict: Verdict) -> bool:
    """As `relay review resolve` does it; False if it is refused, with the reason."""
    try:
        resolve(
            find(batch_id, world.ledger, world.vault),
            Decision(verdict, "somebody", "by hand"),
            ledger=world.ledger,
            vault=world.vault,
            writes=world.queue("writes"),
            now_ms=world.timeline.now_ms,
        )
    except NotResolved:
        return False
    return True


def _judged(world: World, before: Mapping[str, int], first: str) -> Decided:
    """`first`: the decision that was carried out first, "" if none could be."""
    effects, due = effects_of(world), int(first == "again")
    more = {effects.get(c, 0) - before.get(c, 0) for c in map(customer, range(EVENTS))}
    if not world.is_at_rest():
        return "endless"
    if max(more) > due:
        return "replayed" if max(more) == 1 else "twice"
    if min(more) < due:
        return "lost"
    return "as decided" if first else "waits"
