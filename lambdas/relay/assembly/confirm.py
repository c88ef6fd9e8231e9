"""confirm: from the checks queue to the records of the requests, and to Genesys with a question."""

from lambdas.relay.assembly.clients import recovery_of
from lambdas.relay.assembly.consumers import Consumer, one_by_one, post_of
from lambdas.relay.assembly.settings import Settings
from lambdas.relay.confirm import Needs, confirm
from lambdas.relay.correlating.silence import Silence
from lambdas.relay.ports import Ports


def confirm_needs(ports: Ports, settings: Settings) -> Needs:
    return Needs(
        post=post_of("checks", ports, settings),
        ledger=ports.ledger,
        recovery=recovery_of(ports, settings),
        silence=Silence(ports.ledger, ports.chance),
        timing=settings.timing,
    )


def confirm_function(ports: Ports, settings: Settings) -> Consumer:
    needs = confirm_needs(ports, settings)
    return one_by_one(lambda delivery, until_ms: confirm(delivery, needs, until_ms), needs.post)
