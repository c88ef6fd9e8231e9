"""What a sealed message shows at a glance, so that it need not be read. It is canonical JSON, and
no event can say it: within a text the quotes are escaped."""

from lambdas.relay.kernel.lanes import LANES, Lane


def is_unclaimed(text: str) -> bool:
    """Whether it says that it has not been through dedup yet; those of the release before say
    nothing."""
    return '"stage":"sealed"' in text


def lane_of(text: str) -> Lane:
    """The lane that its request waits in."""
    return next((lane for lane in LANES if f'"lane":"{lane}"' in text), "normal")
