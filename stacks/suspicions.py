"""What is only probably wrong with an environment: said at synthesis, and refuses nothing."""

import re
from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from stacks.configuration import Environment

#: the ids that environments/example.toml shows
_PLACEHOLDER = re.compile(r"00000000-0000-4000-8000-[0-9]{12}")
#: every id of Genesys Cloud that a destination names is one (the SDK's models and examples)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def suspicions(environment: Environment) -> list[str]:
    """One sentence each: where, what, and what to do."""
    document = environment.document
    said = document.model_dump(mode="json", include={"relay", "destinations", "routes"})
    found = list(_of(said, ()))
    if document.relay.elastic_ip is not None and not document.relay.fixed_egress:
        found.append("relay.elastic_ip is used where fixed_egress is true, and it is not.")
    return found


def _of(value: JsonValue, place: Sequence[str]) -> Iterator[str]:
    match value:
        case dict():
            for name, inner in value.items():
                yield from _of(inner, (*place, name))
        case list():
            for number, inner in enumerate(value):
                yield from _of(inner, (*place, f"[{number}]"))
        case str():
            yield from _of_text(value, place)


def _of_text(text: str, place: Sequence[str]) -> Iterator[str]:
    where = ".".join(place).replace(".[", "[")
    is_id = place[0] == "destinations" and len(place) == 3 and place[-1].endswith("_id")
    if _PLACEHOLDER.search(text):
        yield f"{where} is {text!r}, an id of the example: put your organisation's in its place."
    elif is_id and not _GUID.fullmatch(text):
        yield (
            f"{where} is {text!r}, which is no GUID, as ids of Genesys Cloud are; a name is of no "
            "use here: take the id from the address of its page in Genesys Cloud Admin."
        )
