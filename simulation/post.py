"""Which queue a message belongs in, told by its text alone: what functions send must go there.

A message in a queue of another kind finds its way all the same, by way of the dead letters and
after a quarter of an hour. So nothing else in the simulation sees that a function sent it astray.
"""

import json

_LANES = {None: "writes", "first": "writes-first", "last": "writes-last"}


def request_of(text: str) -> str | None:
    """The id of the request that a message is."""
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document.get("batch_id") if isinstance(document, dict) else None


def is_astray(queue: str, text: str) -> bool:
    """Dead letters are whatever came to their source, and what nobody can read is nobody's."""
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
