"""A run to report on, small and with a bit of everything."""

from typing import Any

from demo.report.gathering import Facts
from demo.run.account import Account, SetAside
from demo.run.sameness import SameContent
from demo.run.watching import Sight

BEGAN = 1_800_000_000.0
CONVERSATION = "3f1d8a52-7c1e-4b0e-9a61-5b2f0c9d7e10"


def account(**changes: Any) -> Account:
    counts = {
        "published": 6, "unique": 4, "duplicates": 1, "delivered": 3, "rejected": 1,
        "quarantined": 1, "dead_lettered": 0, "in_flight": 0, "lost": 0, "duplicate_effects": 0,
    }  # fmt: skip
    told = {
        "examples": (), "waiting": (("400 no such id", 1),), "misjudged": 0,
        "set_aside": (SetAside("line 5", "detail has no <type>"),),
        "same_content": SameContent(copies=1, events=2),
    }  # fmt: skip
    return Account(**{**counts, **told, **changes})


def request(number: int, status: int, *, at: float, fault: str = "", key: str = "") -> Any:
    return {
        "number": number, "at": BEGAN + at, "method": "POST", "path": "/p", "endpoint": "journey",
        "client_id": "c", "status": status, "answered": bool(status), "delay_s": 0.0, "key": key,
        "correlation_id": key, "context_id": "", "items": 2, "body_hash": "", "fault": fault,
        "replayed": False,
    }  # fmt: skip


def claim(identity: str, batch: str) -> Any:
    return {
        "pk": f"C#{CONVERSATION}", "sk": f"E#{identity}#journey", "batch_id": batch,
        "topic": f"v2.detail.events.conversation.{CONVERSATION}.acw",
        "envelope_id": f"e-{identity}",
        "claimed_at_ms": int((BEGAN + 2) * 1000),
    }  # fmt: skip


def record(batch: str, state: str, *identities: str, **more: Any) -> Any:
    return {
        "pk": f"R#{batch}", "sk": "R", "state": state, "attempt": 1,
        "sealed_at_ms": int((BEGAN + 1) * 1000),
        "events": [f"{CONVERSATION}/{identity}" for identity in identities], **more,
    }  # fmt: skip


def facts(**changes: Any) -> Facts:
    """A batch of four: split, three taken with the first answer or by a part, one refused. One of
    its events has a name that an attacker would choose."""
    parts = [
        {"indices": [2], "fate": "again", "reason": "later", "batch_id": "b-again"},
        {"indices": [3], "fate": "refused", "reason": "no", "batch_id": "b-refused"},
    ]
    known: dict[str, Any] = {
        "account": account(),
        "row": {
            "requests": 4, "rate_limited": 1, "seconds": 42.0, "scenario": "day",
            "faults_setting": "normal", "seed": 1, "events_file": "captured.ndjson",
            "faults": {"rate_limited": 1, "throttled": 7},
        },
        "complaints": (),
        "requests": [
            request(1, 429, at=2, fault="rate_limited"),
            request(2, 200, at=3, key="b"),
            request(3, 0, at=4, fault="lost_answer", key="b-again"),
            request(4, 200, at=5, key="b-again"),
        ],
        "effects": [
            {"at": BEGAN + 3, "key": "b", "correlation_id": "b", "content": {}},
            {"at": BEGAN + 5, "key": "b-again", "correlation_id": "b-again", "content": {}},
        ],
        "claims": [claim("a", "b"), claim("<b>&", "b"), claim("c", "b"), claim("d", "b")],
        "records": {
            "b": record("b", "SPLIT", "a", "<b>&", "c", "d", parts=parts),
            "b-again": record("b-again", "DONE", "c", parent="b"),
            "b-refused": record("b-refused", "REJECTED", "d", parent="b", reason="400 no such id"),
        },
        "put_at": {"e-a": BEGAN, "e-c": BEGAN + 0.5},
        "sights": [
            Sight({"Events": 6, "Batches": 0, "Writes": 0, "Checks": 0}, {}, {}, 0.5),
            Sight({"Events": 0, "Batches": 0, "Writes": 1, "Checks": 0}, {}, {}, 3.0),
        ],
        "notes": [(BEGAN + 1.5, "Genesys goes down")],
        "began_at": BEGAN,
        "requests_per_minute": 300,
    }  # fmt: skip
    return Facts(**{**known, **changes})
