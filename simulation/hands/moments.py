"""How far the events have come when somebody acts: steps in a journey, and calls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lambdas.relay.correlation.checks import read_check
from lambdas.relay.routes.configuration import Configuration
from simulation.hands.world import CALLS, EVENTS, STEPS, TOGETHER, World, Wrong, publish
from simulator.caused import Fate


@dataclass(frozen=True, slots=True)
class Moment:
    """Where their messages wait, and how they got there."""

    home: str
    bring: Callable[[World], None]


def brought_to(configuration: Configuration, moment: Moment) -> World:
    """A world whose events have come so far, their messages waiting in their queue."""
    world = World(configuration)
    moment.bring(world)
    return world


def _published(world: World) -> None:
    publish(world, range(EVENTS))


def sealed(world: World) -> None:
    for numbers in (range(TOGETHER), range(TOGETHER, EVENTS)):
        publish(world, numbers)
        world.invoke("events")


def claimed(world: World) -> None:
    """One batch after another: those that arrive together may be merged."""
    for numbers in (range(TOGETHER), range(TOGETHER, EVENTS)):
        publish(world, numbers)
        world.invoke("events")
        world.invoke("batches")
    world.as_claimed = dict(world.table.items)


def recorded(world: World) -> None:
    """As dedup leaves them if it dies between writing their records and their first claim."""
    sealed(world)
    waiting = world.take("batches")
    for message in waiting:
        world.put("batches", [message])
        world.invoke("batches")
    for key in [key for key in world.table.items if key[0].startswith("C#")]:
        world.table.remove(key)
    world.documents.clear()
    world.take("writes")
    world.put("batches", waiting)


def _not_sent_on(world: World) -> None:
    sealed(world)
    waiting = world.take("batches")
    for message in waiting:
        world.put("batches", [message])
        world.invoke("batches")
    world.take("writes")
    world.put("batches", waiting)


def _written(world: World) -> None:
    """As often as there is something to write now."""
    while world.invoke("writes"):
        pass


def tried(wrong: Wrong) -> Callable[[World], None]:
    """The first attempt goes wrong in this way, and there is no second one yet."""

    def bring(world: World) -> None:
        claimed(world)
        world.http.wrong = wrong
        _written(world)
        world.http.wrong = ""

    return bring


def _split(world: World) -> None:
    """One of each request's items has failed, and waits as a part."""
    claimed(world)
    world.http.wrong = "fails one"
    for _ in range(len(world.stored["writes"].messages)):
        world.invoke("writes")
    world.http.wrong = ""


def _done(world: World) -> None:
    claimed(world)
    waiting = world.take("writes")
    world.put("writes", waiting)
    world.rest()
    world.put("writes", waiting)


def called(fate: Fate) -> Callable[[World], None]:
    """Genesys has accepted each; their timers wait. `fate`: what becomes of the events that Genesys
    will publish."""

    def bring(world: World) -> None:
        claimed(world)
        world.platform.caused.next_fates.extend([fate] * EVENTS)
        _written(world)

    return bring


def _told(world: World) -> None:
    """The events that the calls have caused are there, beside the timers."""
    called("on_time")(world)
    world.timeline.advance(1)
    world.publish_caused()


def _recognised(world: World) -> None:
    _told(world)
    world.invoke("events")
    world.invoke("batches")
    for message in world.take("checks"):
        if read_check(message.body).kind == "event":
            world.put("checks", [message])


def _silent(world: World) -> None:
    """The windows are over, no event came, and Genesys does not say what became of them."""
    called("never")(world)
    world.http.wrong = "says nothing"
    world.timeline.advance(60)
    world.invoke("checks")
    world.http.wrong = ""


JOURNEY: Mapping[str, Moment] = {
    "published": Moment("events", _published),
    "sealed": Moment("batches", sealed),
    "recorded, not claimed": Moment("batches", recorded),
    "claimed, not sent on": Moment("batches", _not_sent_on),
    "claimed": Moment("writes", claimed),
    "tried, no effect": Moment("writes", tried("dies before")),
    "tried, took effect, answer lost": Moment("writes", tried("dies after")),
    "split, its part waits": Moment("writes", _split),
    "done": Moment("writes", _done),
}
CALLED: Mapping[str, Moment] = {
    "claimed": Moment("writes", claimed),
    "tried, no effect": Moment("writes", tried("dies before")),
    "tried, took effect, answer lost": Moment("writes", tried("dies after")),
    "accepted, its event to come": Moment("checks", called("on_time")),
    "its event is published": Moment("events", _told),
    "its event is recognised": Moment("checks", _recognised),
    "accepted, no event comes": Moment("checks", called("never")),
    "nothing heard, being asked": Moment("checks", _silent),
    "accepted, never happened": Moment("checks", called("never_nor_effect")),
}
#: what is written, and the moments of its way
SUBJECTS: Mapping[str, tuple[Configuration, Mapping[str, Moment]]] = {
    "a step in a journey": (STEPS, JOURNEY),
    "a call, whose event is awaited": (CALLS, CALLED),
}
