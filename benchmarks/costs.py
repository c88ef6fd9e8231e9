"""What a million events cost, by the model that `relay cost` prints (ops/cost_model.py)."""

from collections.abc import Iterator

from benchmarks.row import Row
from ops.cost_model import DEDUP, Traffic, per_million
from stacks import prices

#: by events a month: the most that a million may cost, and the fewest events per batch
USD_MAX = {1e6: 6.3, 1e7: 3.6}
BATCH_MIN = {1e6: 5.0, 1e7: 25.0}
#: seconds of Lambda spent waiting for the POST of one event
POST_S = 0.25


def costs() -> Iterator[Row]:
    for events, most in USD_MAX.items():
        traffic = Traffic(events)
        name = f"{events:,.0f} events a month in office hours, a fifth twice"
        yield Row(
            f"{name}: a million of them",
            "USD",
            "lower",
            per_million(traffic),
            {
                "Powertools and a POST each": _powertools(traffic),
                "API destinations, no deduplication": _api_destinations(traffic),
                "ours, lingering 30 s": per_million(Traffic(events, linger_s=30)),
            },
            (1 + traffic.copies) * prices.EVENTBRIDGE_EVENT * 1e6,
            most,
        )
        yield Row(
            f"{name}: events of a batch",
            "events",
            "higher",
            traffic.batch,
            {"lingering 2 s, five at once": Traffic(events, linger_s=2, pollers=5).batch},
            traffic.most,
            BATCH_MIN[events],
        )
        waits = f"{name}: what an event waits for others"
        yield Row(waits, "s", "lower", traffic.delay_s, {}, 0, traffic.linger_s)


def _powertools(traffic: Traffic) -> float:
    """EventBridge to SQS, ten messages an invocation, two writes and a POST for each event; a copy
    is refused because of the existing item, and costs its write."""
    messages, events = 1 + traffic.copies, 1.0
    gb_s = DEDUP.memory_mb / 1024 * POST_S
    return 1e6 * (
        messages * (prices.EVENTBRIDGE_EVENT + 1.2 * prices.SQS_REQUEST)
        + messages / 10 * prices.LAMBDA_REQUEST
        + events * gb_s * prices.LAMBDA_GB_SECOND
        + (messages + events) * prices.DYNAMODB_WRITE_UNIT
    )


def _api_destinations(traffic: Traffic) -> float:
    """A rule with an API destination, which limits its own rate; every copy is sent."""
    return 1e6 * (1 + traffic.copies) * (prices.EVENTBRIDGE_EVENT + prices.API_DESTINATION_CALL)
