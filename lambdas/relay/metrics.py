"""Every metric the relay emits, with what it counts. Dimensions: service and environment."""

from typing import Literal

Metric = Literal[
    # --- intake
    "EventsReceived",  # envelopes read, copies included
    "EventsUnrouted",  # events that no route takes
    "Quarantined",  # messages that nobody can read, set aside
    # --- dedup
    "Claimed",  # events that their batch owns
    "Duplicates",  # copies of an event that another batch owns
    "IdentityCollisions",  # different events under one identity; both are kept
    "BeyondHorizon",  # events so old that nobody can tell whether they are copies
    # --- write
    "RequestsAccepted",  # answered 2xx by the endpoint itself
    "RequestsRefused",  # refused for what they say
    "RequestsDeferred",  # certainly without effect: 429, no token, no connection
    "RequestsUnsure",  # may have taken effect
    "InDoubtReposted",  # sent again without protection: possible duplicates, listed
    "Delivered",  # events that Genesys took
    "Parked",  # events given to a person
    # --- confirm
    "Confirmed",  # requests whose event came back
    # --- reconcile
    "Redriven",  # dead letters sent back to work
    "Overdue",  # records that are not final and past their time
    "InReview",  # records that wait for a person
    # --- every queue
    "Deferred",  # messages left in their queue for later
    "DeadLettered",  # messages dead-lettered by us because of their age
    "Unexpected",  # errors that nobody foresaw: a mistake of ours
]
