"""Which queue a message belongs in, judged by its text alone: functions must send it there.

A message in a queue of another kind still arrives, through the dead letters and after a quarter
of an hour. So nothing else in the simulation notices that a function sent it astray.
"""

import json

_LANES = {None: "writes", "first": "writes-first", "last": "writes-last"}


def request_of(text: str) -> str | None:
    """The id of the request that a message contains."""
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document.get("batch_id") if isinstance(document, dict) else None


def is_astray(queue: str, text: str) -> bool:
    """Dead letters are what their source could not handle; unreadable messages belong nowhere."""
    try:
        document = json.loads(text)
    except ValueError:
        return False
    if not isinstance(document, dict) or queue.endswith("-dead"):
        return False
    if "events" in document:
        is_sealed = document.get("stage") == "sealed"
        return queue != ("batches" if is_sealed else _LANES[document.get("lane")])
    if "kind" in document:
        return queue != "checks"
    return queue != "events"
