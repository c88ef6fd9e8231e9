"""What somebody does in the console to what waits in a queue."""

from collections.abc import Callable, Mapping

from lambdas.relay.kernel.limits import DAY_S, HOUR_S, QUEUES
from lambdas.relay.kernel.ports import Item, Outgoing
from lambdas.relay.requests.record import PREFIX
from lambdas.relay.requests.sending import doubting
from simulation.hands.world import EDITED, World, customer
from simulation.memory.table import Key

LATE_S = 3 * DAY_S

#: what somebody does to what waits in a queue
Act = Callable[[World, str], None]


def leave(world: World, queue: str) -> None:
    return


def purge(world: World, queue: str) -> None:
    world.take(queue)


def purge_and_replay(world: World, queue: str) -> None:
    world.take(queue)
    world.rest()
    world.replay()


def bury(world: World, queue: str) -> None:
    world.put(f"{queue}-dead", world.take(queue))


def redrive_to_source(world: World, queue: str) -> None:
    """What the console's redrive does if its form is left as it is."""
    bury(world, queue)
    world.stored[f"{queue}-dead"].redrive_to_source()


def redrive_twice(world: World, queue: str) -> None:
    """Redriven, given up once more, and redriven again."""
    for _ in range(2):
        bury(world, queue)
        world.put(queue, world.take(f"{queue}-dead"))


def redrive_in_part(world: World, queue: str) -> None:
    """One of its dead letters is redriven, three days before the others."""
    bury(world, queue)
    first, *others = world.take(f"{queue}-dead")
    world.put(queue, [first])
    world.rest()
    world.timeline.advance(LATE_S)
    world.put(queue, others)


def purge_dead_letters(world: World, queue: str) -> None:
    bury(world, queue)
    world.take(f"{queue}-dead")


def copy(world: World, queue: str) -> None:
    held = world.take(queue)
    world.put(queue, held + held)


def edit_body(world: World, queue: str) -> None:
    edited = [
        Outgoing(m.body.replace(customer(1), EDITED), m.attributes) for m in world.take(queue)
    ]
    world.put(queue, edited)


def edit_attributes(world: World, queue: str) -> None:
    world.put(queue, [Outgoing(m.body, {"events": "many"}) for m in world.take(queue)])


def come_late(world: World, queue: str) -> None:
    held = world.take(queue)
    world.timeline.advance(LATE_S)
    world.put(queue, held)


def replay(world: World, queue: str) -> None:
    world.replay()


def restore_and_replay(world: World, queue: str) -> None:
    restore(world, queue)
    world.rest()
    world.replay()


def restore(world: World, queue: str) -> None:
    """The ledger as it was before all this; it takes an hour."""
    world.table.items.clear()
    world.timeline.advance(HOUR_S)


def restore_in_between(world: World, queue: str) -> None:
    """To when all was claimed, and marked as restored: it does not know what was sent since."""
    world.table.items.clear()
    world.table.items.update(world.as_claimed)
    world.timeline.advance(HOUR_S)
    for key, _ in records(world):
        world.table.change(*key, *doubting())


def edit_records(world: World, queue: str) -> None:
    """Numbers become strings, as easily happens in a form, and one attribute is removed. `due_at`
    is a key of the index, so DynamoDB refuses another type for it."""
    for key, item in records(world):
        kept = {name: value for name, value in item.items() if name != "history"}
        texts = {name: str(value) for name, value in kept.items() if type(value) is int}
        due = {"due_at": item["due_at"]} if "due_at" in item else {}
        world.table.items[key] = {**kept, **texts, **due}


def delete_records(world: World, queue: str) -> None:
    for key, _ in records(world):
        del world.table.items[key]


def delete_claims(world: World, queue: str) -> None:
    for key in [key for key in world.table.items if key[0].startswith("C#")]:
        del world.table.items[key]


def records(world: World) -> list[tuple[Key, Item]]:
    return [(key, item) for key, item in world.table.items.items() if key[0].startswith(PREFIX)]


def into(other: str) -> Act:
    def act(world: World, queue: str) -> None:
        world.put(other, world.take(queue))

    return act


ACTS: Mapping[str, Act] = {
    "left alone": leave,
    "purged": purge,
    "purged, then the archive replayed": purge_and_replay,
    "moved to its dead letters": bury,
    "redriven by the default choice": redrive_to_source,
    "redriven twice": redrive_twice,
    "redriven in part, the rest days later": redrive_in_part,
    "its dead letters purged": purge_dead_letters,
    "sent once more": copy,
    "body edited": edit_body,
    "attributes edited": edit_attributes,
    "put back three days later": come_late,
    "archive replayed": replay,
    "its records edited": edit_records,
    "its records deleted": delete_records,
    "its claims deleted": delete_claims,
    "ledger restored to before": restore,
    "ledger restored, then the archive replayed": restore_and_replay,
    "ledger restored to when it was claimed": restore_in_between,
    **{f"moved to {name}": into(name) for name in QUEUES},
    **{f"moved to {name}-dead": into(f"{name}-dead") for name in QUEUES},
}
#: acts that empty a queue without replaying the archive afterwards; the queues' policies refuse
#: them, unless somebody has removed those
PURGES = ("purged", "its dead letters purged")
