"""write: one sealed message, one request to Genesys.

    is it the moment? (breaker, slot) ─▶ open (lease) ─▶ outcome unknown? ─▶ POST ─▶ settle ─▶ ack

Every path that does not end in the record leaves the message in its queue (R8). Waiting for breaker
and slot comes before the lease: it is not an attempt and does not change the record.
"""

from dataclasses import replace

from lambdas.relay.destinations.correlation import CANDIDATES, is_compensation
from lambdas.relay.destinations.destination import Destination, of_target
from lambdas.relay.destinations.results import any_answer
from lambdas.relay.functions.attempt import Attempt, Deps, request_ms
from lambdas.relay.functions.leasing import open_request
from lambdas.relay.functions.parts import unconfigured
from lambdas.relay.kernel.errors import Misplaced
from lambdas.relay.kernel.ports import Delivery
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.consumer import Disposition, Later
from lambdas.relay.messages.glimpse import is_unclaimed
from lambdas.relay.messages.sealing import Batch, decode
from lambdas.relay.requests.sending import Opened

#: idempotent methods (RFC 9110, 9.2.2)
IDEMPOTENT = frozenset({"PUT", "DELETE"})


def write(delivery: Delivery, deps: Deps, deadline_ms: int) -> Disposition:
    """Handles one write message. `deadline_ms` is the invocation's end."""
    batch = decode(delivery.body)
    if is_unclaimed(delivery.body) or batch.target == CANDIDATES:
        raise Misplaced(Code.NOT_CLAIMED())
    destination = of_target(batch.target, deps.destinations)
    if destination is None:
        return unconfigured(batch, deps)
    latest_ms = deadline_ms - request_ms(deps.timing)
    stay_away = deps.admission.stay_away(destination, latest_ms, deadline_ms)
    if stay_away is not None:
        return stay_away
    disposition = _take_turn(batch, destination, deps, latest_ms, deadline_ms)
    deps.admission.hand_back(destination.name)
    return disposition


def _take_turn(
    batch: Batch, destination: Destination, deps: Deps, latest_ms: int, deadline_ms: int
) -> Disposition:
    now_ms = deps.clock.now_ms()
    if now_ms > latest_ms:
        return Later(Code.TOO_LITTLE_TIME(), 0)
    lease = open_request(batch, deps, now_ms, deadline_ms)
    if not isinstance(lease, Opened):
        return lease
    if is_compensation(batch):
        # The confirmation and the answer's form of the first request do not apply to the
        # compensating one.
        destination = replace(
            destination,
            confirmation=None,
            read_results=any_answer,
            is_repeatable=batch.target.method in IDEMPOTENT,
        )
    return Attempt(batch, destination, lease, deps, deadline_ms).make()
