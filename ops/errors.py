"""Errors for the person at the command line, as one sentence that says what to do."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)

from lambdas.adapters.aws import code_of
from lambdas.relay.kernel.errors import RelayError

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"})
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


class OpsError(Exception):
    """The command cannot be carried out; the text says why and what to do."""


#: every error that a command is expected to meet
EXPECTED = (OpsError, ClientError, BotoCoreError, RelayError)


def sentence(error: Exception) -> str:
    """An expected error, for a person."""
    match error:
        case NoCredentialsError():
            return "No AWS credentials: sign in, or name a profile with --profile."
        case NoRegionError():
            return "No AWS region: name one with --region, or set AWS_REGION."
        case ProfileNotFound():
            return f"{error}: name one of `aws configure list-profiles` with --profile."
        case EndpointConnectionError():
            return (
                f"{str(error).rstrip('.')}. --local needs an active run: start one with `make run`."
                " Otherwise check --region and the network."
            )
        case ClientError() if code_of(error) in _EXPIRED:
            return "The AWS credentials have expired or are unknown: sign in again."
        case ClientError() if code_of(error) in DENIED:
            return f"{error} Use a role that has the permission, or ask for it."
        case _:
            return str(error)
