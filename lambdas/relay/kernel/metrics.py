"""Every metric the relay emits, with what it counts. Dimensions: service and environment."""

from typing import Literal

Metric = Literal[
    # --- webhook
    "WebhookTaken",  # requests answered 200: queued, copies included
    "WebhookRefused",  # answered 400, 401, 403, 413: not queued, and the same request never will be
    "WebhookSenderUnproven",  # of those 401, in the name of a sender that has a key
    "WebhookPutOff",  # answered 429, 503: to be sent again
    # --- intake
    "EventsReceived",  # envelopes read, copies included
    "EventsUnrouted",  # events that no route takes
    "EventsFiltered",  # writes left out, since the event does not meet the route's condition
    "AlreadyShown",  # writes left out, since the event itself shows what they would bring about
    "Quarantined",  # messages that nobody can read, set aside
    # --- dedup
    "Claimed",  # events that their batch owns
    "Shadowed",  # events claimed and not written: another consumer writes them yet
    "Consolidated",  # small batches sealed anew into large ones
    "Duplicates",  # copies of an event that another batch owns, or that it came together with
    "DuplicatesRemembered",  # those of them that cost no call of the ledger
    "LedgerSpared",  # calls that were not made, since the ledger answers too slowly
    "IdentityCollisions",  # different events under one identity; both are kept
    "SameContentOtherTime",  # states that came back, or events that were published anew: both go on
    "LoopsStopped",  # writes that a conversation's events would have caused without end
    "BeyondHorizon",  # events so old that nobody can tell whether they are copies
    # --- write
    "RequestsAccepted",  # answered 2xx by the endpoint itself
    "RequestsUnclear",  # accepted, and what became of their items cannot be read: a person looks
    "RequestsRefused",  # refused for what they say
    "RequestsDeferred",  # certainly without effect: 429, no token, no connection
    "RequestsUnsure",  # may have taken effect
    "InDoubtReposted",  # sent again without protection: possible duplicates, listed
    "BreakerOpened",  # a destination failed again and again: its messages wait
    "Delivered",  # events that Genesys took
    "Parked",  # events given to a person
    # --- confirm
    "Echoes",  # events that requests of ours caused: they confirm, and are not written again
    "Confirmed",  # requests whose event came back
    "Held",  # events that came before what must precede them
    "Released",  # of those, the ones whose prerequisite then came
    "HoldsExpired",  # of those, the ones whose prerequisite never came: a person looks
    "Contradictions",  # events that name a request of ours and another conversation
    "WindowsExpired",  # requests whose event did not come in time
    "SilenceBreakerOpened",  # most windows end without an event: questions to Genesys pause
    "RecoveryQueries",  # questions to Genesys about what became of a request
    "Reconciled",  # requests whose event never came, and which Genesys shows to have happened
    "Diverged",  # requests of which Genesys shows something else than was expected
    "Compensated",  # of those, the ones that a compensating request makes good
    "DuplicatesFound",  # requests that took effect more than once, listed for merge or cancel
    "DuplicatesCancelled",  # of what they made, all but one, where the destination says so
    "Resent",  # accepted requests that never happened, sent again verbatim
    # --- reconcile
    "Redriven",  # dead letters sent back to work
    "DeadLettersKept",  # left where they are: their destination is not to be asked now
    "DeadLettersCleared",  # dead letters whose work had been done meanwhile
    "OverdueSealed",  # of the overdue records looked at, those of requests never sent
    "OverdueOpen",  # ... sent, with an unknown outcome
    "OverduePendingEvent",  # ... accepted, their timer lost
    "OverdueTimeoutRecovery",  # ... accepted, and Genesys has not told what became of them
    "OldestOverdueSeconds",  # age of the oldest
    "OldestReviewSeconds",  # how long the oldest has waited for a person
    "Overdue",  # records that are not final and past their time
    "DamagedRecords",  # records that were not as we write them, put right
    "InReview",  # records that wait for a person
    "InQuarantine",  # messages that nobody can read and that wait for a person
    # --- audit
    "MissingConversations",  # of a run's period: those of which some event never came
    # --- every queue
    "Deferred",  # messages left in their queue for later
    "DeadLettered",  # messages that a function gave up: too many receives, or too old
    "Unexpected",  # errors that nobody foresaw: a mistake of ours
]
