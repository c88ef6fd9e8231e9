"""A person who orders a redelivery: some events that have taken effect are replayed under the
order's name, and take effect once more on each ordered route, however often they arrive.

With randomness of its own, so that worlds without such a person stay as they are.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from lambdas.relay.entrances.arrivals import REDELIVERY
from lambdas.relay.entrances.events import parse_event
from lambdas.relay.kernel.limits import HOUR_S
from lambdas.relay.ledger.redelivery import order
from simulation.configuration import AGAIN, ALL
from simulation.slips import replay_archive
from simulation.workload import SECOND, numbers_of
from simulation.world import World

NAME = f"{REDELIVERY}by-hand"
#: most time from the last publication to the order, and from one replay to the next (seconds)
WITHIN_S = 6 * HOUR_S
#: the share of events that are ordered, and of orders whose replay is repeated
ORDERED_SHARE, REPEATED_SHARE = 0.5, 0.5


class OrderedWorld(World):
    """One run with such a person in it."""

    def _plan_hands(self) -> None:
        super()._plan_hands()
        random = Random(f"ordered {self.scenario.seed}")
        after_s = self.scenario.publishing_s + random.random() ** 2 * WITHIN_S
        self.timeline.after(after_s, lambda: self._order(random))

    def _order(self, random: Random) -> None:
        routes = random.choice(((), (), (ALL,), (AGAIN,)))
        found = dict(self._delivered(routes))
        events = {
            name: numbers for name, numbers in found.items() if random.random() < ORDERED_SHARE
        }
        now_ms = self.timeline.now_ms
        self.table.insert(order(NAME, events.keys(), routes, "somebody", "by hand", now_ms))
        ordered = set[int]().union(*events.values())
        self.facts = [
            replace(fact, times=fact.times + 1) if fact.number in ordered else fact
            for fact in self.facts
        ]
        self._replay()
        if random.random() < REPEATED_SHARE:
            self.timeline.after(random.random() * WITHIN_S, self._replay)

    def _replay(self) -> None:
        self.harm.replayed.update(replay_archive(self.bus, NAME))

    def _delivered(self, routes: tuple[str, ...]) -> Iterator[tuple[str, frozenset[int]]]:
        """The names of events of which everything has taken effect that these routes make of them,
        and its numbers; no `routes` means every route."""
        reader = self.neighbours.settings.configuration.reader
        delivered = numbers_of(" ".join(str(effect.item) for effect in self.server.effects))
        plain = {fact.number for fact in self.facts if fact.kind == "plain"}
        known = plain.intersection(range(self.scenario.events))
        for envelope in self.bus.archive:
            meant = frozenset(n for n in numbers_of(envelope) if not routes or _route(n) in routes)
            if meant and meant <= delivered and {n % SECOND for n in meant} <= known:
                event = parse_event(envelope, self.timeline.now_ms, reader)
                yield f"{event.identity}~{event.payload_hash}", meant


def _route(number: int) -> str:
    return AGAIN if number >= SECOND else ALL
