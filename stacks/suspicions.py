"""What is probably wrong with an environment: reported at synthesis, without refusing anything."""

from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from stacks.configuration import Environment
from stacks.environment_document import Relay, domain_of
from stacks.schema.guids import is_guid, made_up
from stacks.schema.requests import objections
from stacks.schema.topics import unknown

#: where a partner event source names the organisation: aws.partner/genesys.com/cloud/<id>/<suffix>
ORGANISATION_AT = 3


def suspicions(environment: Environment) -> list[str]:
    """One sentence for each: where it is, what it is, and what to do."""
    document = environment.document
    said = document.model_dump(mode="json", include={"relay", "destinations", "routes"})
    found = [*_of(said, ()), *objections(environment.configuration)]
    source = document.relay.partner_event_source.split("/")
    if len(source) > ORGANISATION_AT and not is_guid(source[ORGANISATION_AT]):
        found.append(
            f"relay.partner_event_source names the organisation {source[ORGANISATION_AT]!r}, which "
            "is not a GUID as organisation ids are: copy the name that the integration shows."
        )
    found += [*_of_hosts(document.relay), *unknown(environment.configuration.routes)]
    if document.relay.elastic_ip is not None and not document.relay.fixed_egress:
        found.append(
            "relay.elastic_ip has an effect only if fixed_egress is true, which it is not."
        )
    return found


def _of_hosts(relay: Relay) -> Iterator[str]:
    for name, url in (("api_url", relay.api_url), ("login_url", relay.login_url)):
        if url is not None and url.startswith("https:") and not domain_of(url):
            yield (
                f"relay.{name} is {url!r}, a host of no region of Genesys Cloud: that is right if "
                "something of your own stands before it, and else a slip."
            )


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
    if "body.eventBody" in text and place[0] != "relay":
        yield f"{where} is {text!r}, and body is the eventBody: what it says is body.<member>."
    if made_up(text):
        yield (
            f"{where} is {text!r}, which comes from the example or is made up: replace it with "
            "your organisation's id."
        )
    elif is_id and not is_guid(text):
        yield (
            f"{where} is {text!r}, which is not a GUID as Genesys Cloud's ids are, and a name "
            "cannot be used here: take the id from the address of its page in Genesys Cloud Admin."
        )
