"""A route: which events go to a destination, and as what."""

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
    """Which events go to a destination, and as what."""

    name: str
    destination: Destination
    #: patterns over detail-types; `*` is the one wildcard
    topics: tuple[str, ...]
    item: Json
    #: a JMESPath expression over the event that must be true as well; None: nothing must
    when: str | None = None
    #: its events are claimed and not written
    is_shadow: bool = False
    #: names that it had before: events claimed for them are claimed for it
    formerly: tuple[str, ...] = ()
    lane: Lane = "normal"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.formerly)

    def lists(self, detail_type: str) -> bool:
        """Whether its topics have the type."""
        return any(fits(detail_type, topic) for topic in self.topics)

    def wants(self, event: Event) -> bool:
        """Whether an event of its topics meets its condition. Raises Malformed where that cannot
        be told."""
        try:
            return self.when is None or mapping.holds(self.when, mapping.view(event, self.name))
        except Malformed as malformed:
            raise Malformed(Code.CONDITION_FAILED(self.name, malformed.reason)) from malformed
