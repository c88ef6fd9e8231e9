"""What people are told follows the code: who changes one is told where it is said."""

import re
from pathlib import Path

import pytest

from lambdas.relay.destinations.kinds import KINDS
from lambdas.relay.kernel.limits import CLAIM_TTL_S, DAY_S, HORIZON_S

ROOT = Path(__file__).resolve().parent.parent
CLAIM_DAYS = CLAIM_TTL_S // DAY_S
HORIZON_DAYS = HORIZON_S // DAY_S


def test_readme_says_which_topics_confirm_requests() -> None:
    """By nature, not only where an environment's table asks for it."""
    readme = (ROOT / "README.md").read_text("utf-8")
    step = readme[readme.index("2. **Integration.**") : readme.index("3. **OAuth client**")]
    needed = {
        f"`{topic}`"
        for kind in KINDS.values()
        if kind.confirmation is not None and not kind.confirmation.owned
        for topic in kind.confirmation.topics
        if topic.startswith("v2.")
    }
    assert needed == set(re.findall(r"`v2[^`]+`", step))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("README.md", f"| {CLAIM_DAYS} days | `tests/unit/test_trace.py` |"),
        ("docs/guarantees.md", f"within {CLAIM_DAYS} days, where"),
        ("docs/guarantees.md", f"day {CLAIM_DAYS}: the claim may expire"),
        ("docs/guarantees.md", f"day {CLAIM_DAYS + 4}: e again, accepted on day 0"),
        ("docs/guarantees.md", f"older than the horizon ({HORIZON_DAYS} days)"),
        ("docs/data.md", f"no payload | {CLAIM_DAYS} days | DynamoDB's TTL"),
        ("docs/data.md", f"stay in the ledger for {CLAIM_DAYS} days"),
        ("docs/migration.md", f"elsewhere: {CLAIM_DAYS} days, since Genesys"),
        ("docs/migration.md", f"elsewhere: {CLAIM_DAYS} days; the cache before it"),
        ("docs/decisions/0019-shadow.md", f"as its claims last {CLAIM_DAYS} days"),
        ("docs/entrances.md", f"a copy of the first for {CLAIM_DAYS} days"),
        ("docs/runbook.md", f"accepted in the last {HORIZON_DAYS} days"),
        ("docs/runbook.md", f"at most {HORIZON_DAYS} days back"),
        ("docs/runbook.md", f"({CLAIM_DAYS} days after that deploy)"),
        ("docs/runbook.md", f"After {CLAIM_DAYS} days leave it"),
        ("docs/decisions/0016-claims-by-route.md", f"left out after {CLAIM_DAYS} days"),
        ("environments/example.toml", f"left out after {CLAIM_DAYS} days"),
    ],
)
def test_what_is_said_of_the_horizon_follows_the_limits(document: str, said: str) -> None:
    assert said in (ROOT / document).read_text("utf-8"), f"{document} must say: {said}"
