"""By what an environment has its events known."""

from collections.abc import Mapping
from typing import get_args

from lambdas.relay.entrances.identities import Rule, Rules
from lambdas.relay.kernel.canonical import Json
from stacks.schema.topics import check_topics

RULES = get_args(Rule)


def read_rules(table: Json, where: str) -> Rules:
    """An environment's table. Raises ValueError with one sentence that names the place."""
    if not isinstance(table, Mapping):
        raise ValueError(f"{where} must be a table of detail-types and how their events are known")
    for pattern, rule in table.items():
        if rule not in RULES:
            raise ValueError(f'{where}."{pattern}" is {rule!r}; expected one of {", ".join(RULES)}')
    check_topics(table, where)
    return Rules(tuple(table.items()))
