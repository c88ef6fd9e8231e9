"""Exceptions from the cdk-nag rules: each is next to the code it excuses, with its reason."""

from typing import Any

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(construct: IConstruct, finding: str, reason: str) -> None:
    """Accept one finding (a rule's id, with its detail in brackets) on a construct and below."""
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=finding, reason=reason))


def accept_wildcard(construct: IConstruct, resource: str, reason: str) -> None:
    """Accept that a policy names `resource` with a *."""
    said = _as_nag_says_it(cdk.Stack.of(construct).resolve(resource))
    acknowledge(construct, f"AwsSolutions-IAM5[Resource::{said}]", reason)


def _as_nag_says_it(value: Any) -> str:
    match value:
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_as_nag_says_it(part) for part in parts)
        case _:
            return str(value)
