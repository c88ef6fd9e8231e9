"""What the OAuth client may do at each destination, checked without changing anything."""

from collections.abc import Callable, Set

from lambdas.relay.destinations.destination import Destination
from lambdas.relay.genesys.outcomes import words
from lambdas.relay.kernel.ports import Answer
from lambdas.relay.routes.configuration import Configuration
from ops.errors import OpsError
from ops.genesys_probe import FORBIDDEN, KEPT_OUT, NoVerdict, is_busy

#: method, path, body
Call = Callable[[str, str, bytes | None], Answer]
#: destinations whose requests are lists, so that an empty one changes nothing
LIST_SHAPES = ("lists", "array")
#: an id that does not exist
NOBODY = "00000000-0000-4000-8000-000000000000"


def permissions(configuration: Configuration, call: Call) -> str:
    """What is in order; raises OpsError, with Genesys' message, if anything is not."""
    written, read = [], []
    for name, destination in configuration.destinations.items():
        if name != destination.name or not destination.is_genesys:
            continue  # a former name, or not a destination of Genesys
        if destination.shape in LIST_SHAPES and "{" not in destination.path:
            _may_write(name, destination, call)
            written.append(name)
        truth = destination.confirmation and destination.confirmation.truth
        if truth:
            _may_read(name, truth.path.replace("{key}", NOBODY), call)
            read.append(name)
    said = [f"may {verb} {', '.join(names)}" for verb, names in _verbs(written, read) if names]
    if not written:
        said.append("no destination can be checked without writing to it; watch the first requests")
    return "; ".join(said)


def _verbs(written: list[str], read: list[str]) -> tuple[tuple[str, list[str]], ...]:
    return ("write to", written), ("read back from", read)


def _may_write(name: str, destination: Destination, call: Call) -> None:
    """An empty request is refused either for what it lacks or for its sender: this tells which."""
    answer = call(destination.method, destination.path, b"{}")
    if answer.status == 403:
        raise OpsError(
            f"The OAuth client may not write to {name} ({destination.path}): {words(answer)}. "
            f"{FORBIDDEN}"
        )
    if answer.status == 404:
        raise OpsError(
            f"Genesys does not know {destination.path} of {name}: check the ids and the region in "
            "the environment file."
        )
    _refuse_untold(answer, {400, 422}, f"an empty request to {name} ({destination.path})")


def _may_read(name: str, path: str, call: Call) -> None:
    """An id that does not exist gives 404, unless the client may not read at all."""
    answer = call("GET", path, None)
    if answer.status == 403:
        raise OpsError(
            f"The OAuth client may not read back the result of requests to {name} ({path}): "
            f"{words(answer)}. {FORBIDDEN} Without it, a person must decide about requests with an "
            "unknown outcome."
        )
    _refuse_untold(answer, {400, 404, 410}, f"a look at nothing, for {name} ({path})")


def _refuse_untold(answer: Answer, telling: Set[int], asked: str) -> None:
    """Only a success, or a refusal for what the request lacks, shows that the client may ask."""
    if 200 <= answer.status < 300 or answer.status in telling:
        return
    said = f"Genesys answers {asked}: {words(answer)}."
    if is_busy(answer):
        raise NoVerdict(f"{said} Run `relay doctor` again later.")
    if answer.status == 401:
        raise OpsError(f"{said} The login gave a token that the API refuses. {KEPT_OUT}")
    raise OpsError(f"{said} Check the API host, and whether a proxy is in front of it.")
