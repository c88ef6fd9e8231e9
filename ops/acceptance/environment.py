"""The environment file of an acceptance run: another environment's landing zone settings, with
the run's own buses instead of Genesys Cloud's and its own queue instead of Genesys Cloud."""

import json
from collections.abc import Mapping
from typing import Any

#: settings that a stack of a day or two must not inherit: who is notified, what is shared, what
#: lasts long, and which events are taken
DROPPED = frozenset(
    {"alarm_email", "alarm_topic_arn", "partner_bus_exists", "detail_types", "ledger_table",
     "personal_key_arn", "shadow", "linger_s"}
)  # fmt: skip
OWN: Mapping[str, Any] = {
    "any_event_source": True,
    "removal": "retain",
    "timing": "rehearsal",
    "linger_s": 0,
    "archive_days": 1,
    "log_retention_days": 1,
}


def environment_file(
    relay: Mapping[str, Any], *, source: str, witness_arn: str, release: str
) -> str:
    """TOML. `relay` is the table [relay] of the environment that names the account; `release` goes
    into every record, so that two deployments of the same code differ."""
    kept = {name: value for name, value in relay.items() if name not in DROPPED}
    settings = {**kept, **OWN, "partner_event_source": source}
    item = {
        "type": "detail_type",
        "timestamp": "occurred_at",
        "data": "body",
        "release": f"'{release}'",
    }
    return "\n".join(
        [
            "# Written by `make acceptance`.",
            'routes = [{ name = "all", destination = "witness" }]',
            "[relay]",
            *(f"{name} = {toml(value)}" for name, value in settings.items()),
            "[webhook]",
            "[destinations.witness]",
            'kind = "queue"',
            f"arn = {toml(witness_arn)}",
            f"item = {toml(item)}",
            "",
        ]
    )


def toml(value: Any) -> str:
    """A value as TOML on one line: tables inline, the rest as in JSON."""
    match value:
        case dict():
            members = ", ".join(f"{toml(name)} = {toml(one)}" for name, one in value.items())
            return f"{{ {members} }}"
        case list():
            return f"[{', '.join(toml(one) for one in value)}]"
        case _:
            return json.dumps(value)
