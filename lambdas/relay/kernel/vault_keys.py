"""Where the vault keeps what: the prefixes of its documents, which lifecycles and grants go by."""

#: what nobody can read, each document named by what it holds
QUARANTINE = "quarantine/"
#: what a person has to decide, by the request's id
REVIEW = "review/"
#: the payloads of requests until they are confirmed, by the request's id
SEALED = "sealed/"
#: what a person decided to deliver no more
DISCARDED = "discarded/"
#: who had whose traces erased when, and how many; nothing of whom
ERASURES = "erasures/"


def review_key(batch_id: str) -> str:
    return f"{REVIEW}{batch_id}.json"


def sealed_key(batch_id: str) -> str:
    return f"{SEALED}{batch_id}.json"
