"""The AWS SDK: how its clients are made, and how its errors are translated into the relay's."""

from collections.abc import Iterator
from contextlib import contextmanager

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
