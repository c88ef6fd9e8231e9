"""Whether the account allows as many concurrent functions as the queues may invoke.

A new account allows ten. A throttled invocation's messages count as received, so they use up
the receives after which they become dead letters
(docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
"""

from typing import Any

from ops.connection import Relay
from ops.errors import OpsError

#: reconcile, and one webhook sender
BESIDE_THE_QUEUES = 2


def enough(relay: Relay) -> str:
    """Raises OpsError if it does not."""
    if relay.is_embedded:
        return "local run: not limited"
    settings: Any = relay.functions.get_account_settings()
    allowed = int(settings["AccountLimit"]["UnreservedConcurrentExecutions"])
    mappings = [
        relay.functions.get_event_source_mapping(UUID=physical)
        for kind, physical in relay.resources.values()
        if kind == "AWS::Lambda::EventSourceMapping" and physical
    ]
    fed = sum(each.get("ScalingConfig", {}).get("MaximumConcurrency", 0) for each in mappings)
    wanted = fed + BESIDE_THE_QUEUES
    if allowed < wanted:
        raise OpsError(
            f"The account allows {allowed} concurrent invocations that are not reserved, and the "
            f"relay may need {wanted}: request an increase in Service Quotas, AWS Lambda, "
            "*Concurrent executions* (free of charge), or lower writer_concurrency."
        )
    return f"at most {wanted} of {allowed} concurrent invocations"
