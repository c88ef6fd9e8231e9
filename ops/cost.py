"""`relay cost`: what a month costs, by the model in ops/cost_model.py. It makes no calls to AWS."""

from typing import Annotated

import typer

from ops.cost_model import OFFICE_HOURS, Line, Traffic, bill, lanes, per_million
from ops.session import session_of
from ops.try_event import configuration_of
from stacks import prices
from stacks.filling import LINGER_DEFAULT_S


def cost(
    context: typer.Context,
    events_per_month: Annotated[
        float, typer.Option(min=1, help="Events per month, not counting copies.")
    ],
    copies: Annotated[
        float, typer.Option(min=0, max=100, help="How many of a hundred events arrive twice.")
    ] = 20,
    hours: Annotated[
        float, typer.Option(min=1, max=744, help="The hours per month in which they arrive.")
    ] = OFFICE_HOURS,
    linger_s: Annotated[
        int | None,
        typer.Option(min=0, max=60, help="Overrides the environment file."),
    ] = None,
) -> None:
    """What a month of events costs, with the settings of --environment if given."""
    session = session_of(context)
    name = session.target.environment
    relay = configuration_of(name).document.relay if name else None
    said_s = LINGER_DEFAULT_S if relay is None else relay.linger_s
    traffic = Traffic(
        events=events_per_month,
        copies=copies / 100,
        linger_s=said_s if linger_s is None else linger_s,
        hours=hours,
        **({} if relay is None else {"archive_days": relay.archive_days}),
    )
    lines = bill(traffic)
    if relay is not None and relay.fixed_egress:
        lines.append(Line("NAT gateway", 1, prices.NAT_GATEWAY_MONTH, is_fixed=True))
    if relay is not None and relay.lanes:
        lines += lanes()
    total = sum(line.usd for line in lines)
    session.screen.document(
        {
            "prices": prices.AS_OF,
            "linger_s": traffic.linger_s,
            "events_per_batch": round(traffic.batch, 2),
            "usd": round(total, 2),
            "usd_per_million": round(per_million(traffic), 2),
            "lines": [
                {"name": line.name, "count": round(line.count, 3), "usd": round(line.usd, 4)}
                for line in lines
            ],
        }
    )
    session.screen.table(
        ("what", "count", "USD"),
        [(line.name, _count(line.count), f"{line.usd:.2f}") for line in lines],
        right=("count", "USD"),
    )
    session.screen.say(
        f"{total:.2f} USD a month. A million events more would add {per_million(traffic):.2f}. "
        f"Lingering {traffic.linger_s:g} s, a batch holds {traffic.batch:.1f} events."
    )
    session.screen.say(
        f"Prices of {prices.AS_OF}, us-east-1, without free tiers, data transfer, KMS and faults. "
        "The last row of the dashboard shows what was metered."
    )


def _count(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"
