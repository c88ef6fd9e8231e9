"""A route: which events go to a destination, and by which mapping."""

from dataclasses import dataclass

from lambdas.relay.destinations.destination import Destination
from lambdas.relay.entrances.events import Event
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.lanes import Lane
from lambdas.relay.kernel.patterns import fits
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.routes import mapping


@dataclass(frozen=True, slots=True)
class Route:
    """Which events go to a destination, and by which mapping."""

    name: str
    destination: Destination
    #: patterns over detail-types; `*` is the only wildcard
    topics: tuple[str, ...]
    item: Json
    #: the condition, a JMESPath expression over the event; None: no condition
    when: str | None = None
    #: its events are claimed but not written
    is_shadow: bool = False
    #: former names: events claimed under them count as claimed for this route
    formerly: tuple[str, ...] = ()
    lane: Lane = "normal"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.formerly)

    def lists(self, detail_type: str) -> bool:
        """Whether its topics include the type."""
        return any(fits(detail_type, topic) for topic in self.topics)

    def wants(self, event: Event) -> bool:
        """Whether an event of its topics meets its condition. Raises Malformed if the condition
        cannot be evaluated."""
        try:
            return self.when is None or mapping.holds(self.when, mapping.view(event, self.name))
        except Malformed as malformed:
            raise Malformed(Code.CONDITION_FAILED(self.name, malformed.reason)) from malformed
