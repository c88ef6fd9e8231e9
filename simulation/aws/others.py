"""The wire protocols of SQS, S3 and Secrets Manager over the simulated world."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from lambdas.relay.kernel.ports import Delivery, Outgoing
from simulation.aws.answers import Answered, Refused, Unheard
from simulation.aws.items import Wire
from simulation.memory.credentials import PERSONAL_KEY, StoredSecret
from simulation.memory.faults import Faults
from simulation.memory.queues import StoredQueue

#: what S3 answers: a status and a body
Page = tuple[int, bytes]


class Sqs:
    def __init__(self, queues: Mapping[str, StoredQueue], faults: Faults) -> None:
        """`queues`: by the last part of their addresses."""
        self._queues = queues
        self._faults = faults

    def send_message_batch(self, call: Wire) -> Answered:
        queue, entries = self._of(call), call["Entries"]
        assert 0 < len(entries) <= 10
        if self._faults.strikes("send refused"):
            raise Refused(500, "InternalError")
        if self._faults.strikes("send throttled"):
            raise Refused(400, "RequestThrottled")
        is_partial = len(entries) > 1 and self._faults.strikes("send partly")
        taken = [e for e in entries if not is_partial or self._faults.fraction() < 0.5]
        for entry in taken:
            self._take(queue, entry)
        if self._faults.strikes("send answer lost") or self._faults.strikes("send repeated"):
            raise Unheard
        rows = [{"Id": e["Id"], "MessageId": e["Id"], "MD5OfMessageBody": ""} for e in taken]
        failed = [
            {"Id": e["Id"], "SenderFault": False, "Code": "InternalError"}
            for e in entries
            if e not in taken
        ]
        return {"Successful": rows, **({"Failed": failed} if failed else {})}

    def receive_message(self, call: Wire) -> Answered:
        most = int(call.get("MaxNumberOfMessages", 1))
        if self._faults.strikes("receive short") or not call.get("WaitTimeSeconds"):
            most = int(most * self._faults.fraction())
        again = self._faults.strikes("delivered twice")
        deliveries = self._of(call).receive(most, again=again) if most else []
        return {"Messages": [_shown(each, call) for each in deliveries]}

    def delete_message(self, call: Wire) -> Answered:
        if not self._faults.strikes("delete lost"):
            self._of(call).delete(_holding(call))
        return {}

    def change_message_visibility(self, call: Wire) -> Answered:
        if self._faults.strikes("hide refused"):
            raise Refused(500, "InternalError")
        assert 0 <= call["VisibilityTimeout"] <= 43_200
        self._of(call).change_visibility(_holding(call), call["VisibilityTimeout"])
        return {}

    def _take(self, queue: StoredQueue, entry: Wire) -> None:
        attributes = entry.get("MessageAttributes", {})
        assert len(attributes) <= 10
        texts = {name: each["StringValue"] for name, each in attributes.items()}
        assert all(texts.values()), "SQS refuses empty attributes"
        queue.send(Outgoing(entry["MessageBody"], texts, entry.get("DelaySeconds", 0)))
        queue.on_sent(entry["MessageBody"])

    def _of(self, call: Wire) -> StoredQueue:
        return self._queues[str(call["QueueUrl"]).rpartition("/")[2]]


def _holding(call: Wire) -> Delivery:
    """A receipt says which message it belongs to."""
    receipt = str(call["ReceiptHandle"])
    return Delivery(receipt.rpartition(".")[0], receipt, "", 0, 0)


def _shown(delivery: Delivery, call: Wire) -> Wire:
    """No more of it than was asked for."""
    known = {
        "ApproximateReceiveCount": str(delivery.receives),
        "SentTimestamp": str(delivery.sent_at_ms),
    }
    asked = call.get("MessageSystemAttributeNames", call.get("AttributeNames", []))
    shown = {
        "MessageId": delivery.message_id,
        "ReceiptHandle": delivery.receipt,
        "Body": delivery.body,
        "Attributes": {name: value for name, value in known.items() if name in asked},
    }
    if call.get("MessageAttributeNames") == ["All"]:
        shown["MessageAttributes"] = {
            name: {"StringValue": value, "DataType": "String"}
            for name, value in delivery.attributes.items()
        }
    return shown


class S3:
    def __init__(self, documents: dict[str, str], faults: Faults) -> None:
        self._documents = documents
        self._faults = faults

    def answer(self, method: str, key: str, query: Mapping[str, str], body: bytes) -> Page:
        if self._faults.strikes("vault refused"):
            return 503, _error("SlowDown")
        page = self._done(method, key, query, body)
        if method in ("PUT", "DELETE") and self._faults.strikes("vault answer lost"):
            raise Unheard
        return page

    def _done(self, method: str, key: str, query: Mapping[str, str], body: bytes) -> Page:
        match method:
            case "PUT":
                self._documents[key] = body.decode("utf-8", "surrogatepass")
                return 200, b""
            case "DELETE":
                self._documents.pop(key, None)
                return 204, b""
            case "GET" if "list-type" in query:
                names = [n for n in sorted(self._documents) if n.startswith(query["prefix"])]
                kept = {name: number for number, name in enumerate(self._documents)}
                return 200, _listing({name: kept[name] for name in names[: int(query["max-keys"])]})
            case "GET" if key in self._documents:
                return 200, self._documents[key].encode("utf-8", "surrogatepass")
            case _:
                return 404, _error("NoSuchKey")


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()


def _listing(kept: Mapping[str, int]) -> bytes:
    """In the order of names, as S3 lists; the times say which was there first."""
    rows = "".join(
        f"<Contents><Key>{escape(name)}</Key><LastModified>"
        f"{datetime.fromtimestamp(number, UTC).isoformat()}</LastModified></Contents>"
        for name, number in kept.items()
    )
    return f"<ListBucketResult><KeyCount>{len(kept)}</KeyCount>{rows}</ListBucketResult>".encode()


class SecretsManager:
    def __init__(
        self, secret: StoredSecret, sender_keys: Mapping[str, str], faults: Faults
    ) -> None:
        self._secret = secret
        self._keys = sender_keys
        self._faults = faults

    def get_secret_value(self, call: Wire) -> Answered:
        if self._faults.strikes("secret unreadable"):
            raise Refused(500, "InternalServiceError")
        if "personal" in str(call["SecretId"]).lower():
            return {"SecretString": PERSONAL_KEY}
        if "webhook" in str(call["SecretId"]).lower():
            return {"SecretString": json.dumps(dict(self._keys))}
        held = self._secret.credentials
        pair = {"client_id": held.client_id, "client_secret": held.client_secret}
        return {"SecretString": json.dumps(pair)}
