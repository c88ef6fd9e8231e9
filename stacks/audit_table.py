"""The table [audit] of an environment file. Each field's description completes "expected ..."."""

from pydantic import Field

from lambdas.relay.kernel.limits import DAY_S, HORIZON_S, HOUR_S
from stacks.tables import Table

#: Genesys' jobs may lag by up to a day (dataAvailabilityDate): with a smaller value, no run would
#: cover the time between two runs.
HOURS_MIN, HOURS_MAX = 2 * DAY_S // HOUR_S, HORIZON_S // HOUR_S - 1


class Audit(Table):
    """The table [audit]: if present, the audit runs daily."""

    at: int = Field(
        default=3, ge=0, le=23, description="an hour of the day in UTC, a whole number from 0 to 23"
    )
    hours: int = Field(
        default=HOURS_MIN,
        ge=HOURS_MIN,
        le=HOURS_MAX,
        description=f"a whole number of hours from {HOURS_MIN} to {HOURS_MAX}",
    )
