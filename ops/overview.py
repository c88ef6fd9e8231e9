"""`relay status --all`: every environment of this checkout, one line each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ops.connection import PLACE, Relay, Target
from ops.errors import EXPECTED, OpsError, sentence
from ops.health import judge
from ops.reading import read
from ops.screen import Screen, plural

#: explains the keys; it is not meant to be deployed
EXAMPLE = "example"


@dataclass(frozen=True, slots=True)
class Line:
    """The state of one environment."""

    environment: str
    title: str
    version: str
    #: what needs a person, one sentence each; that includes an environment that cannot be read
    troubles: Sequence[str]
    profile: str | None = None
    region: str | None = None

    @property
    def relay(self) -> str:
        """The command line for this environment, to be completed by a command."""
        named = {"environment": self.environment, "profile": self.profile, "region": self.region}
        options = [f"--{name} {value}" for name, value in named.items() if value]
        return " ".join(["relay", *options])


def known(environments: Path) -> list[str]:
    """The environments of a checkout."""
    return sorted({path.stem for path in environments.glob("*.toml")} - {EXAMPLE})


def names(environments: Path) -> list[str]:
    """The environments of a checkout. Raises OpsError if there is none."""
    found = known(environments)
    if not found:
        raise OpsError(
            f"{environments}/ contains no environment besides the example: write one first."
        )
    return found


def overview(
    environments: Sequence[str], target: Target, connect: Callable[[Target], Relay], screen: Screen
) -> bool:
    """Shows each of them; True if none needs a person."""
    lines = [line(name, target, connect) for name in environments]
    screen.document(
        [
            {
                "environment": each.environment,
                "version": each.version,
                "troubles": list(each.troubles),
            }
            for each in lines
        ]
    )
    screen.table(
        ("environment", "stack", "needs attention"),
        [(each.environment, each.title, _told(each)) for each in lines],
        styles=["red" if each.troubles else None for each in lines],
    )
    waiting = [each for each in lines if each.troubles]
    if waiting:
        screen.say(f"Next: {waiting[0].relay} status", "yellow")
    else:
        screen.say(f"None of {plural(len(lines), 'environment')} needs attention.", "green")
    return not waiting


def line(name: str, target: Target, connect: Callable[[Target], Relay]) -> Line:
    """The line of one environment, independent of the others."""
    profile = target.profile.replace(PLACE, name) if target.profile else None
    try:
        relay = connect(replace(target, environment=name, profile=profile))
        standing = judge(read(relay))
        title, version, troubles = relay.title, standing.reading.version, standing.troubles
    except EXPECTED as error:
        title, version, troubles = "", "", [f"could not be read: {sentence(error)}"]
    return Line(name, title, version, troubles, profile, target.region)


def _told(line: Line) -> str:
    if not line.troubles:
        return "nothing"
    more = len(line.troubles) - 1
    return line.troubles[0] + (f" (and {plural(more, 'more problem')})" if more else "")
