"""The AWS SDK: how its clients are made, how its errors are translated into the relay's, and how
what is read from Secrets Manager is kept."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lambdas.relay.kernel.errors import Impossible, Throttled, Transient
from lambdas.relay.kernel.reasons import Code

#: an AWS call without an answer by then is given up; ours usually take milliseconds
CONNECT_TIMEOUT_S = 2
READ_TIMEOUT_S = 5
#: tries of one call, including the first; further retries are left to the queue
ATTEMPTS = 3

CONFIG = Config(
    connect_timeout=CONNECT_TIMEOUT_S,
    read_timeout=READ_TIMEOUT_S,
    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    # These two save half the CPU of a call: the SDK composes its long user agent twice per call and
    # compares every parameter with the service's model, as the service itself does. The contract
    # suite checks the parameters of our adapters.
    user_agent=f"genesys-relay boto3/{boto3.__version__}",
    parameter_validation=False,
)

THROTTLING = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "TooManyRequestsException",
    }
)


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


@contextmanager
def translated(operation: str, impossible: frozenset[str] = frozenset()) -> Iterator[None]:
    """Turns the SDK's errors into the relay's. A code in `impossible` is about what we sent, and a
    retry would get it again. No other code is final: even a missing permission may be granted, and
    until then the message waits."""
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        if code in impossible:
            raise Impossible(Code.CALL_REFUSED(operation, code)) from error
        kind = Throttled if code in THROTTLING else Transient
        raise kind(Code.CALL_FAILED(operation, code)) from error
    except BotoCoreError as error:
        raise Transient(Code.CALL_FAILED(operation, type(error).__name__)) from error


#: after a failed read, or if what was read does not do, it is read again, but no more often than
#: this
REREAD_S = 10.0
#: shorter keys can be guessed; the stack generates 64 characters
KEY_CHARS_MIN = 32

T = TypeVar("T")


class KeptRead(Generic[T]):
    """After a failed read nothing older is given out: the failure is, until a read works."""

    def __init__(self, read: Callable[[], T], keep_s: float) -> None:
        """`read` raises Transient; what it gave is kept for so many seconds."""
        self._read = read
        self._keep_s = keep_s
        self._read_at = float("-inf")
        self._value: T | None = None
        #: why the last read failed
        self._failure: Transient | None = None

    def get(self, *, fresh: bool = False) -> T:
        """`fresh`: what is kept does not do. Raises Transient."""
        is_short = fresh or self._value is None
        if time.monotonic() - self._read_at > (REREAD_S if is_short else self._keep_s):
            self._read_at = time.monotonic()
            try:
                self._value, self._failure = self._read(), None
            except Transient as failure:
                self._value, self._failure = None, failure
        if self._failure is not None:
            # The same error is raised repeatedly; without this its traceback would keep growing.
            raise self._failure.with_traceback(None)
        assert self._value is not None  # the first call reads
        return self._value
