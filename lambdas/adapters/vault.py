"""The vault in S3."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lambdas.adapters.aws import code_of, translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


#: API reference, error responses; our keys are far shorter and our documents far smaller
_IMPOSSIBLE = frozenset({"EntityTooLarge", "KeyTooLongError"})


class S3Vault:
    """Implements relay.kernel.ports.Vault. It connects on first use: intake needs it only for
    messages that it cannot read. dedup and write use it for every request and gain nothing."""

    def __init__(self, connect: Callable[[], "S3Client"], bucket: str) -> None:
        self._connect = connect
        self._bucket = bucket

    @cached_property
    def _client(self) -> "S3Client":
        return self._connect()

    def keep(self, key: str, document: str) -> None:
        with translated("PutObject", _IMPOSSIBLE):
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=document.encode("utf-8", "surrogatepass"),
                ContentType="application/json",
            )

    def fetch(self, key: str) -> str | None:
        with translated("GetObject"):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if code_of(error) == "NoSuchKey":
                    return None
                raise
            return answer["Body"].read().decode("utf-8", "surrogatepass")

    def discard(self, key: str) -> None:
        with translated("DeleteObject"):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def keys(self, beginning: str, most: int) -> Sequence[str]:
        with translated("ListObjectsV2"):
            answer = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=beginning, MaxKeys=most
            )
        found = sorted(answer.get("Contents", []), key=lambda row: row["LastModified"])
        return [row["Key"] for row in found]
