"""The simulator's assumptions about the platform where no source states it; see
docs/assumptions.md.

Each can be switched, so that anything using the simulator can be run both ways.
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from pydantic import TypeAdapter

from simulator.validation import STRICT, checked


@dataclass(frozen=True, slots=True)
class Assumptions:
    __pydantic_config__: ClassVar = STRICT

    #: a member that the SDK's model does not have is refused (400); false: it is ignored
    unknown_members_are_refused: bool = True
    #: a missing member that the SDK calls required is refused
    required_members_are_checked: bool = True
    #: where items fail individually, an item of a wrong shape still refuses the whole request
    wrong_shape_refuses_all: bool = False
    #: an external source that does not exist, or is inactive, refuses the item that names it
    external_sources_must_exist: bool = True
    #: a queue, user, contact, language or skill that a call, callback, e-mail or message names and
    #: that does not exist: 404
    named_ids_must_exist: bool = True
    #: attributes of an external event that its schema does not have refuse the event
    schema_is_enforced: bool = False
    #: external events are refused until their event definition has been activated
    activation_before_events: bool = False
    #: the event definition of a schema has the schema's id; false: one of its own
    definitions_have_their_schemas_id: bool = True
    #: conversation events that we post come back as events on EventBridge
    brought_conversations_come_back: bool = True
    #: an event that a write caused carries the write's X-Correlation-Id
    correlation_id_comes_back: bool = True


PLATFORM = Assumptions()
_ADAPTER = TypeAdapter(Assumptions)


def reassumed(current: Assumptions, changes: dict[str, Any]) -> Assumptions:
    """`current` with `changes` from outside. Raises InvalidSetting."""
    return checked(_ADAPTER, asdict(current) | changes, "assumptions")
