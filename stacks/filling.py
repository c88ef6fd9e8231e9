"""How batches fill: how long intake waits for more events, and how many functions collect at once.

A batch is one request and one record, so nearly all costs fall as it fills (`relay cost`).
"""

#: default (seconds): gives batches of six at a million events a month during office hours
LINGER_DEFAULT_S = 6
#: the maximum, by timing: the queue hides a message for six timeouts of intake plus this
LINGER_MAX_S = {"live": 60, "rehearsal": 1}
#: the smallest concurrency limit that Lambda accepts; each invocation collects for itself
INTAKE_CONCURRENCY = 2
