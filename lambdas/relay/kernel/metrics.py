"""Every metric the relay emits, with what it counts. Dimensions: service and environment."""

from typing import Literal

Metric = Literal[
    # --- webhook
    "WebhookTaken",  # requests answered 200: queued, copies included
    "WebhookRefused",  # answered 400, 401, 403, 413: not queued, and the same request never will be
    "WebhookSenderUnproven",  # of those, answered 401, in the name of a sender that has a key
    "WebhookPutOff",  # answered 429, 503: to be sent again
    # --- intake
    "EventsReceived",  # envelopes read, copies included
    "EventsUnrouted",  # events that no route takes
    "EventsFiltered",  # writes left out, since the event does not meet the route's condition
    "AlreadyShown",  # writes left out, since the event itself shows their effect already
    "Quarantined",  # messages that cannot be read, put into the quarantine
    # --- dedup
    "Claimed",  # events that their batch owns
    "Shadowed",  # events claimed but not written: another consumer still writes them
    "Consolidated",  # small batches merged into large ones
    "Duplicates",  # copies of an event that another batch owns, or that is in the same batch
    "DuplicatesRemembered",  # of those, the ones that cost no call of the ledger
    "LedgerSpared",  # calls not made, since the ledger answers too slowly
    "IdentityCollisions",  # different events under one identity; both are kept
    "SameContentOtherTime",  # states that recurred, or events published again: both are delivered
    "LoopsStopped",  # writes that a conversation's events would have caused without end
    "BeyondHorizon",  # events so old that copies can no longer be recognised
    # --- write
    "RequestsAccepted",  # answered 2xx by the endpoint itself
    "RequestsUnclear",  # accepted, but the results of their items cannot be read: a person decides
    "RequestsRefused",  # refused because of their content
    "RequestsDeferred",  # certainly without effect: 429, no token, no connection
    "RequestsUnsure",  # may have taken effect
    "InDoubtReposted",  # sent again without protection from duplicates; they are listed
    "BreakerOpened",  # a destination failed repeatedly: its messages wait
    "Delivered",  # events that Genesys accepted
    "Parked",  # events given to a person
    # --- confirm
    "Echoes",  # events caused by requests of ours: they confirm, and are not written again
    "Confirmed",  # requests whose confirming event arrived
    "Held",  # events that arrived before one that must precede them
    "Released",  # of those, the ones whose prerequisite then arrived
    "HoldsExpired",  # of those, the ones whose prerequisite never arrived: a person looks
    "Contradictions",  # events that name a request of ours but another conversation
    "WindowsExpired",  # requests whose event did not come in time
    "SilenceBreakerOpened",  # most windows end without an event: questions to Genesys pause
    "RecoveryQueries",  # questions to Genesys about what became of a request
    "Reconciled",  # requests without a confirming event that Genesys shows to have happened
    "Diverged",  # requests for which Genesys shows something other than was expected
    "Compensated",  # of those, the ones that a compensating request corrects
    "DuplicatesFound",  # requests that took effect more than once, listed for merge or cancel
    "DuplicatesCancelled",  # their effects except one, cancelled if the destination says so
    "Resent",  # accepted requests that never happened, sent again verbatim
    # --- reconcile
    "Redriven",  # dead letters sent back to work
    "DeadLettersKept",  # not redriven, since no requests go to their destination at present
    "DeadLettersCleared",  # dead letters whose work had been done in the meantime
    "OverdueSealed",  # of the overdue records examined, those of requests never sent
    "OverdueOpen",  # ... sent, with an unknown outcome
    "OverduePendingEvent",  # ... accepted, their timer lost
    "OverdueTimeoutRecovery",  # ... accepted, and Genesys has not shown what became of them
    "OldestOverdueSeconds",  # age of the oldest
    "OldestReviewSeconds",  # how long the oldest has waited for a person
    "Overdue",  # records that are past their time and not final
    "DamagedRecords",  # records that were damaged and have been repaired
    "InReview",  # records that wait for a person
    "InQuarantine",  # messages that cannot be read and wait for a person
    # --- audit
    "MissingConversations",  # those of a run's period of which some event never arrived
    # --- every queue
    "Deferred",  # messages left in their queue for later
    "DeadLettered",  # messages that a function gave up on: too many receives, or too old
    "Unexpected",  # errors that the code does not expect: a mistake of ours
]
