"""How an environment identifies its events."""

from typing import get_args

from pydantic import Field

from lambdas.relay.entrances.identities import Rule, Rules
from stacks.schema.topics import Topic
from stacks.tables import Table, validated

RULES = get_args(Rule)
RULES_FORM = (
    "a table of detail-type patterns, each with the rule that identifies its events: one of "
    f"{', '.join(RULES)}"
)
Stated = dict[Topic, Rule]


class Identity(Table):
    """The table [identity], for events that have no other identity."""

    identity: Stated = Field(default={}, description=RULES_FORM)


def read_rules(table: object) -> Rules:
    """Raises ValueError with one sentence that names the place."""
    return rules_of(validated(Identity, {"identity": table}).identity)


def rules_of(stated: Stated) -> Rules:
    return Rules(tuple(stated.items()))
