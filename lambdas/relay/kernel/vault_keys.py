"""The vault's keys: lifecycle rules and permissions are set by these prefixes."""

#: messages that cannot be read; each document is named by its content
QUARANTINE = "quarantine/"
#: requests that a person has to decide on, by the request's id
REVIEW = "review/"
#: the payloads of requests until they are confirmed, by the request's id
SEALED = "sealed/"
#: requests that a person decided not to deliver
DISCARDED = "discarded/"
#: for each erasure of a person's traces: who ordered it, when, and how many; not whose
ERASURES = "erasures/"


def review_key(batch_id: str) -> str:
    return f"{REVIEW}{batch_id}.json"


def sealed_key(batch_id: str) -> str:
    return f"{SEALED}{batch_id}.json"
