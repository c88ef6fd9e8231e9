"""Where the events are when somebody lays hands on them."""

from collections.abc import Mapping
from typing import Literal

from simulation.hands.world import World, publish

Moment = Literal[
    "published",
    "sealed",
    "recorded, not claimed",
    "claimed, not sent on",
    "claimed",
    "tried, no effect",
    "tried, took effect, answer lost",
    "split, its part waits",
    "done",
]
HOME: Mapping[Moment, str] = {
    "published": "events",
    "sealed": "batches",
    "recorded, not claimed": "batches",
    "claimed, not sent on": "batches",
    "claimed": "writes",
    "tried, no effect": "writes",
    "tried, took effect, answer lost": "writes",
    "split, its part waits": "writes",
    "done": "writes",
}


#: what goes wrong with the first attempt, so that it stands so
WRONG: Mapping[Moment, Literal["dies before", "dies after", "fails one"]] = {
    "tried, no effect": "dies before",
    "tried, took effect, answer lost": "dies after",
    "split, its part waits": "fails one",
}


def brought_to(moment: Moment) -> World:
    """A world whose three events are there, their message waiting in its queue."""
    world = World()
    publish(world)
    if moment == "published":
        return world
    world.invoke("events")
    if moment == "sealed":
        return world
    waiting = world.take("batches")
    world.put("batches", waiting)
    world.invoke("batches")
    if moment == "claimed, not sent on":
        world.take("writes")
        world.put("batches", waiting)
        return world
    if moment == "recorded, not claimed":
        for key in [key for key in world.table.items if key[0].startswith("C#")]:
            world.table.remove(key)
        world.documents.clear()
        world.take("writes")
        world.put("batches", waiting)
        return world
    if moment == "claimed":
        return world
    if moment == "done":
        waiting = world.take("writes")
        world.put("writes", waiting)
        world.rest()
        world.put("writes", waiting)
        return world
    world.http.wrong = WRONG[moment]
    world.invoke("writes")
    world.http.wrong = ""
    return world
