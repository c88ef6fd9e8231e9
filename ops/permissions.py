"""What the OAuth client may do at each destination, checked without changing anything.

An empty request, or a look at nothing, shows it where Genesys can be asked so. For everything else
the client's roles are read.
"""

from collections.abc import Iterable, Iterator, Sequence, Set

from lambdas.relay.destinations.destination import Destination
from lambdas.relay.destinations.truth import Truth
from lambdas.relay.genesys.outcomes import words
from lambdas.relay.kernel.canonical import canonical
from lambdas.relay.kernel.ports import Answer
from lambdas.relay.routes.configuration import Configuration
from ops.errors import OpsError
from ops.genesys_probe import FORBIDDEN, KEPT_OUT, NoVerdict, is_busy
from ops.grants import AUDIT, READ, TO_AUDIT, WRITE, Call, Need, held, needed, permits

#: destinations whose requests are lists, so that an empty one changes nothing
LIST_SHAPES = ("lists", "array")


def permissions(configuration: Configuration, call: Call, *, has_audit: bool = False) -> str:
    """What is in order. Raises OpsError with everything that is not, and NoVerdict if nothing is
    wrong but something cannot be examined."""
    needs = [Need(AUDIT, "conversations", TO_AUDIT)] if has_audit else []
    asked: dict[str, str] = {}
    for name, destination in configuration.destinations.items():
        if name != destination.name or not destination.is_genesys:
            continue  # a former name, or not a destination of Genesys
        needs += needed(destination)
        asked |= _asked(destination, call)
    shown = [need for need in needs if asked.get(need.use) == ""]
    wrong = [problem for problem in asked.values() if problem]
    rest = [need for need in needs if need.use not in asked]
    granted, unknown, why = [], rest, ""
    try:
        roles = _believed(held(call), shown)
        unknown = [need for need in rest if need.permission is None]
        known = [(need, need.permission) for need in rest if need.permission is not None]
        granted = [need for need, permission in known if permits(roles, permission)]
        lacks = [f"{p} (to {need.use})" for need, p in known if not permits(roles, p)]
        if lacks:
            wrong.append(
                f"The roles of the OAuth client lack {', '.join(lacks)}: give each to one of them, "
                "in the division too."
            )
    except NoVerdict as no_verdict:
        why = f" ({no_verdict})"
    if wrong:
        raise OpsError(" ".join(wrong))
    said = [*_said("may", shown), *_said("by its roles it may", granted)]
    if unknown:
        said += _said("not examined, so watch the first requests: whether it may", unknown)
        raise NoVerdict("; ".join(said) + why)
    return "; ".join(said) or "no destination needs a permission"


def _believed(roles: frozenset[str], shown: Iterable[Need]) -> frozenset[str]:
    """A list that lacks what Genesys has just permitted tells nothing. Raises NoVerdict."""
    for need in shown:
        if need.permission and not permits(roles, need.permission):
            raise NoVerdict(f"Genesys lets it {need.use}, and lists no role that permits it")
    return roles


def _said(begin: str, needs: Sequence[Need]) -> list[str]:
    verbs = dict.fromkeys(need.verb for need in needs)
    by_verb = (
        f"{verb} {', '.join(need.name for need in needs if need.verb == verb)}" for verb in verbs
    )
    return [f"{begin} {' and '.join(by_verb)}"] if needs else []


def _asked(destination: Destination, call: Call) -> Iterator[tuple[str, str]]:
    """What Genesys was asked about, and the problem with it, or ""."""
    if destination.shape in LIST_SHAPES and "{" not in destination.path:
        yield f"{WRITE} {destination.name}", _may_write(destination, call)
    truth = destination.confirmation and destination.confirmation.truth
    if truth:
        yield f"{READ} {destination.name}", _may_read(destination.name, truth, call)


def _may_write(destination: Destination, call: Call) -> str:
    """An empty request is refused either for what it lacks or for its sender: this tells which."""
    name, path = destination.name, destination.path
    answer = call(destination.method, path, b"{}")
    if answer.status == 403:
        return f"The OAuth client may not write to {name} ({path}): {words(answer)}. {FORBIDDEN}"
    if answer.status == 404:
        return (
            f"Genesys does not know {path} of {name}: check the ids and the region in the "
            "environment file."
        )
    _refuse_no_verdict(answer, {400, 422}, f"an empty request to {name} ({path})")
    return ""


def _may_read(name: str, truth: Truth, call: Call) -> str:
    """What does not exist gives 404, unless the client may not read at all."""
    if truth.question is None:
        path = truth.path.replace("{key}", truth.nobody)
        answer = call("GET", path, None)
    else:
        path = truth.path
        answer = call("POST", path, canonical(truth.question(truth.nobody)).encode())
    if answer.status == 403:
        return (
            f"The OAuth client may not read back the result of requests to {name} ({path}): "
            f"{words(answer)}. {FORBIDDEN} Without it, a person must decide about requests whose "
            "outcome stays unknown."
        )
    _refuse_no_verdict(answer, {400, 404, 410, 422}, f"a look at nothing, for {name} ({path})")
    return ""


def _refuse_no_verdict(answer: Answer, telling: Set[int], asked: str) -> None:
    """Only a success, or a refusal for what the request lacks, shows that the client may ask.
    Raises OpsError."""
    if 200 <= answer.status < 300 or answer.status in telling:
        return
    said = f"Genesys answers {asked}: {words(answer)}."
    if is_busy(answer):
        raise NoVerdict(f"{said} Run `relay doctor` again later.")
    if answer.status == 401:
        raise OpsError(f"{said} The login gave a token that the API refuses. {KEPT_OUT}")
    raise OpsError(f"{said} Check the API host, and whether a proxy is in front of it.")
