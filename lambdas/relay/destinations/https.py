"""An HTTPS endpoint outside Genesys: `url`, and a key in the signing keys' secret.

A request is a list of events, or with `single` one event, each in the form that Standard Webhooks
recommend: type, timestamp, data. `relay/sinks/https.py` signs it. A repetition has the same
`webhook-id`; `key` configures how long the receiver recognises it, as for any destination.
"""

from dataclasses import replace
from urllib.parse import urlsplit

from lambdas.relay.destinations.destination import Destination, section_path
from lambdas.relay.destinations.generic import SINGLE, as_single
from lambdas.relay.destinations.kind import Kind, Section, Setting
from lambdas.relay.destinations.results import any_answer

#: hosts of this machine, for local runs: the only ones without TLS
LOCAL = ("127.0.0.1", "localhost")


def with_url(destination: Destination, section: Section, where: str) -> Destination:
    """`url`, and `single` where a request is one event."""
    if destination.confirmation is not None:
        raise ValueError(
            f"{where}.confirmation has no effect, because only Genesys' events confirm requests"
        )
    url = section["url"]
    host = _host(url)
    if host is None:
        raise ValueError(
            f"{where}.url is {url!r}; expected https://<host>/<path>, without port, user, "
            "query and fragment"
        )
    path = section_path({"path": url.removeprefix(host) or "/"}, "/", where)
    destination = replace(destination, host=host, path=path)
    return as_single(destination, section, where)


def _host(url: str) -> str | None:
    """The base of a URL; None if requests cannot be posted to it."""
    try:
        parts = urlsplit(url)
        is_local = parts.scheme == "http" and parts.hostname in LOCAL
        is_public = parts.scheme == "https" and parts.port is None and "." in (parts.hostname or "")
    except ValueError:
        return None
    if not (is_local or is_public) or parts.username or parts.query or parts.fragment:
        return None
    return f"{parts.scheme}://{parts.netloc}"


KIND = Kind(
    name="https",
    path="/",
    service="https",
    into="events",
    settings={
        "url": Setting("https://<host>/<path>", is_needed=True),
        "single": SINGLE,
    },
    base={"id": "id"},
    item={"type": "detail_type", "timestamp": "occurred_at", "data": "body"},
    read_results=any_answer,
    adapt=with_url,
)
