"""How batches fill: how long intake waits for more events, and how many collect at once.

A batch is one request and one record, so nearly all costs fall as it fills (`relay cost`).
"""

#: unless an environment says otherwise (seconds): batches of six where a million events a month
#: come in office hours
LINGER_DEFAULT_S = 6
#: the longest, by timing: the queue hides a message for six timeouts of intake and this
LINGER_MAX_S = {"live": 60, "rehearsal": 1}
#: the fewest invocations at once that Lambda can be told; each collects for itself
INTAKE_CONCURRENCY = 2
