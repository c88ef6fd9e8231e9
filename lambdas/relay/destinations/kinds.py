"""Every kind of destination, by its name."""

from collections.abc import Mapping

from lambdas.relay.destinations import (
    contact_lists,
    conversation_events,
    conversations,
    external_contacts,
    external_metrics,
    generic,
    https,
    journey,
    participant_attributes,
    records,
)
from lambdas.relay.destinations.kind import Kind

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        journey.KIND,
        conversation_events.KIND,
        external_contacts.KIND,
        contact_lists.KIND,
        participant_attributes.KIND,
        external_metrics.KIND,
        conversations.KIND,
        generic.KIND,
        https.KIND,
        records.EVENT_BUS,
        records.QUEUE_KIND,
        records.FIREHOSE,
    )
}
