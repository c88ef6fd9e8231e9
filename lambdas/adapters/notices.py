"""A topic of SNS, to which people subscribe."""

from typing import Any

from lambdas.adapters.aws import translated


class SnsNotices:
    """Implements relay.kernel.ports.Notices."""

    def __init__(self, client: Any, topic_arn: str) -> None:
        """`client`: boto3's, of SNS."""
        self._client = client
        self._topic_arn = topic_arn

    def publish(self, subject: str, text: str) -> None:
        with translated("Publish"):
            self._client.publish(TopicArn=self._topic_arn, Subject=subject, Message=text)
