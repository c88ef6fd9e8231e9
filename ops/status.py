"""`relay status`: queues, ages, states, pace, breakers, on one screen."""

from dataclasses import asdict

from ops.connection import Relay
from ops.screen import Screen, age, number
from ops.standing import Depth, Standing, judge, read


def status(relay: Relay, screen: Screen) -> bool:
    """Shows how the relay stands; True when nothing is wrong."""
    standing = judge(read(relay))
    screen.document(_document(standing))
    _show(standing, relay, screen)
    return not standing.troubles


def _show(standing: Standing, relay: Relay, screen: Screen) -> None:
    reading = standing.reading
    where = "embedded run" if relay.is_embedded else relay.region
    screen.say(f"{relay.stack} ({where})", "bold")
    depths = reading.depths
    screen.table(
        ("queue", "waiting", "in flight", "delayed", "oldest", "dead", "oldest dead"),
        [_row(name, depth) for name, depth in depths.items()],
        right=("waiting", "in flight", "delayed", "oldest", "dead", "oldest dead"),
        styles=["red" if depth.dead else None for depth in depths.values()],
    )
    screen.say("")
    share = 100 * reading.slots_used / reading.slots_allowed if reading.slots_allowed else 0
    screen.say(
        f"pace      {reading.slots_used} of {reading.slots_allowed} requests of this minute taken "
        f"({share:.0f} %)"
    )
    for name, circuit in reading.circuits.items():
        screen.say(f"breaker   {name}: {'open' if circuit.is_open else 'closed'}")
    told = ", ".join(f"{state} {number(count)}" for state, count in sorted(standing.states.items()))
    screen.say(f"requests  {told or 'none under way, none waiting'}")
    screen.say("")
    for trouble in standing.troubles:
        screen.say(trouble, "red")
    if not standing.troubles:
        screen.say("Nothing needs you.", "green")


def _row(name: str, depth: Depth) -> tuple[str, ...]:
    counts = (depth.waiting, depth.in_flight, depth.delayed)
    return (
        name,
        *(number(count) for count in counts),
        age(depth.oldest_s),
        number(depth.dead),
        age(depth.dead_oldest_s),
    )


def _document(standing: Standing) -> dict[str, object]:
    reading = standing.reading
    return {
        "queues": {name: asdict(depth) for name, depth in reading.depths.items()},
        "pace": {"used": reading.slots_used, "allowed": reading.slots_allowed},
        "breakers": {name: circuit.is_open for name, circuit in reading.circuits.items()},
        "states": dict(standing.states),
        "overdue": standing.overdue,
        "review": standing.review,
        "troubles": list(standing.troubles),
    }
