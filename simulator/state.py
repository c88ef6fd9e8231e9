"""Saves the platform to a JSON file and loads it: what it holds and what it remembers.

Settings (faults, limit, outage, poison) come from the start and are not saved. Neither is a pending
late effect: the process ended before it, so it never happened.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from simulator.keys import Kept
from simulator.messages import Reply
from simulator.oauth import Token
from simulator.organization import Organization
from simulator.platform import GenesysPlatform
from simulator.record import Effect, RequestEntry, Violation
from simulator.validation import InvalidSetting


def save(platform: GenesysPlatform, path: Path) -> None:
    """Write the file completely or not at all."""
    platform.settle()
    record = platform.record
    saved = {
        "rng": platform.rng.getstate(),
        "secrets": {k: sorted(v) for k, v in platform.oauth.secrets.items()},
        "tokens": {k: asdict(v) for k, v in platform.oauth.tokens.items()},
        "org": asdict(platform.org),
        "keys": {k: asdict(v) for k, v in platform.keys.kept.items()},
        "begun": record.begun,
        "effects": [asdict(effect) for effect in record.effects],
        "requests": [asdict(entry) for entry in record.requests],
        "violations": [asdict(violation) for violation in record.violations],
        "rejected": record.rejected,
        "deduplicated": record.deduplicated,
        "bodies": [[*name, body] for name, body in record.bodies.items()],
    }
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(json.dumps(saved))
    draft.replace(path)


def load(platform: GenesysPlatform, path: Path) -> None:
    """Fill a fresh platform; raises InvalidSetting if the file is not ours."""
    try:
        _fill(platform, json.loads(path.read_text()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"state file {path} cannot be read ({error!r}); remove it or name another one"
        raise InvalidSetting(message) from error


def _fill(platform: GenesysPlatform, saved: dict[str, Any]) -> None:
    version, numbers, gauss = saved["rng"]
    platform.rng.setstate((version, tuple(numbers), gauss))
    platform.oauth.secrets = {k: set(v) for k, v in saved["secrets"].items()}
    platform.oauth.tokens = {k: Token(**v) for k, v in saved["tokens"].items()}
    for name, value in asdict(Organization(**saved["org"])).items():
        setattr(platform.org, name, value)
    for key, kept in saved["keys"].items():
        reply = Reply(**kept["reply"])
        platform.keys.kept[key] = Kept(kept["body_hash"], reply, kept["at"])
    record = platform.record
    record.restore(
        [Effect(**effect) for effect in saved["effects"]],
        [RequestEntry(**entry) for entry in saved["requests"]],
        [Violation(**violation) for violation in saved["violations"]],
    )
    record.begun = saved["begun"]
    record.rejected.update(saved["rejected"])
    record.deduplicated = saved["deduplicated"]
    record.bodies.update({(kind, value): body for kind, value, body in saved["bodies"]})
