"""The last look: before a person is asked about a request that may be repeated without harm, does
Genesys show that it took effect all the same?

Only what is there is believed. What is not there may just not be visible yet, so it causes nothing
and the person is asked. Other destinations are asked before each repetition, if they can be.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lambdas.relay.correlation.deps import Deps
from lambdas.relay.destinations.correlation import expectation
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.destinations.results import ItemFailure
from lambdas.relay.genesys.truth import NoAnswer, NotAskable, ask
from lambdas.relay.kernel.limits import GENESYS_BODY_BYTES_MAX, ITEMS_LOOKED_MAX
from lambdas.relay.messages.sealing import Batch, SealedEvent


@dataclass(frozen=True, slots=True)
class LastLook:
    """What Genesys shows of one request. Its methods raise Transient."""

    batch: Batch
    destination: Destination
    deps: Deps
    #: then there is no time left to ask
    until_ms: int

    def is_there(self) -> bool:
        """Whether every item is there, as it was sent."""
        return all(self._shown(self.batch.events))

    def unproven(self, failures: Sequence[ItemFailure]) -> list[ItemFailure]:
        """The failures without the items that were refused although they are there."""
        refused = [failure for failure in failures if not failure.retryable]
        events = [self.batch.events[failure.index] for failure in refused]
        shown = zip(refused, self._shown(events), strict=True)
        there = {failure.index for failure, is_there in shown if is_there}
        return [failure for failure in failures if failure.index not in there]

    def _shown(self, events: Sequence[SealedEvent]) -> Iterator[bool]:
        """Asks only as far as it is read, and nothing more once Genesys gave no answer."""
        confirmation = self.destination.confirmation
        may_ask = self.destination.looks_last and len(events) <= ITEMS_LOOKED_MAX
        for event in events:
            if not may_ask or confirmation is None or self.deps.clock.now_ms() > self.until_ms:
                yield False
                continue
            wanted = [expectation(event, confirmation, GENESYS_BODY_BYTES_MAX)]
            genesys, telemetry = self.deps.genesys, self.deps.telemetry
            found = ask(confirmation.truth, wanted, self.batch.batch_id, genesys, telemetry)
            if isinstance(found, NoAnswer | NotAskable):
                may_ask = isinstance(found, NotAskable)
                yield False
            else:
                yield found[0].comparison == "agrees"
