"""Exceptions from the cdk-nag rules: each one stands beside what it excuses, with its reason."""

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(construct: IConstruct, finding: str, reason: str) -> None:
    """Accept one finding (a rule's id, with its detail in brackets) on a construct and below."""
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=finding, reason=reason))
