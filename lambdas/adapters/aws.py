"""The AWS SDK: how its clients are made, and what its errors mean to the relay."""

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lambdas.relay.kernel.errors import Impossible, Throttled, Transient
from lambdas.relay.kernel.reasons import Code

#: an AWS call that has not answered by then is given up; ours answer within milliseconds
CONNECT_TIMEOUT_S = 2
READ_TIMEOUT_S = 5
#: tries of one call, the first included; more is the queue's business
ATTEMPTS = 3

CONFIG = Config(
    connect_timeout=CONNECT_TIMEOUT_S,
    read_timeout=READ_TIMEOUT_S,
    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    # Half the CPU of a call: the SDK composes its long user agent twice for each, and compares
    # every parameter with the service's model, as the service itself does. What our adapters send
    # the contract suite sees.
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
    """Turns the SDK's errors into the relay's. A code among `impossible` is about what we sent and
    will be answered for ever. No other is final: even a missing permission is mended by somebody,
    and until then the message waits."""
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
