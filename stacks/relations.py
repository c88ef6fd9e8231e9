"""The relations between limits that a stack depends on."""

from lambdas.relay.kernel.limits import DAY_S, Timing
from stacks.alarms import overdue_heard_after_s


def require_relations(timing: Timing, archive_days: int) -> None:
    """Raises ValueError naming the relation that does not hold."""
    relations = (
        *timing.relations(),
        (
            "a person hears of a request that nobody works on before the archives forget its "
            f"events (archive_days = {archive_days})",
            overdue_heard_after_s() < archive_days * DAY_S,
        ),
    )
    broken = [relation for relation, holds in relations if not holds]
    if broken:
        raise ValueError(f"these limits contradict each other: {'; '.join(broken)}")
