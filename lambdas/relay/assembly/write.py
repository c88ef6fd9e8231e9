"""write: from the writes queue to Genesys, at the pace that its client keeps to."""

from lambdas.relay.assembly.clients import genesys_of, pace_of
from lambdas.relay.assembly.consumers import Consumer, one_by_one, post_of
from lambdas.relay.assembly.settings import Settings
from lambdas.relay.genesys.breaker import Breaker
from lambdas.relay.genesys.turns import Turns
from lambdas.relay.ports import Ports
from lambdas.relay.write import Needs, write


def write_needs(ports: Ports, settings: Settings) -> Needs:
    pace, post = pace_of(ports, settings), post_of("writes", ports, settings)
    return Needs(
        post=post,
        ledger=ports.ledger,
        writes=ports.queue("writes"),
        checks=ports.queue("checks"),
        genesys=genesys_of(ports, settings, pace),
        turns=Turns(pace, Breaker(ports.ledger, ports.chance), post),
        destinations=settings.configuration.destinations,
        timing=settings.timing,
    )


def write_function(ports: Ports, settings: Settings) -> Consumer:
    needs = write_needs(ports, settings)
    return one_by_one(lambda delivery, until_ms: write(delivery, needs, until_ms), needs.post)
