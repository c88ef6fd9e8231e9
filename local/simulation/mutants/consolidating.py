"""Mistakes about batches that are merged."""

from collections.abc import Mapping
from typing import Any

from lambdas.relay import consolidation, dedup
from lambdas.relay.dedup import Needs
from lambdas.relay.deliveries import Disposition, Done
from lambdas.relay.sealing import Batch
from local.simulation.mutants.mutant import Mutant


def _nothing_to_do(batch: Batch, needs: Needs, now_ms: int) -> Disposition:
    return Done()


class _AlwaysMerged:
    """Whatever record is there counts as a mark of ours."""

    state = "MERGED"

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> type["_AlwaysMerged"]:
        return cls


CONSOLIDATING = (
    Mutant(
        "what was merged is on its way",
        "Its events were sealed anew; whoever marked it sent them.",
        ((dedup, "_travel_anew", _nothing_to_do),),
    ),
    Mutant(
        "a batch with a record is merged as well",
        "It is there to be sent, so it may as well go with the others.",
        ((consolidation, "Record", _AlwaysMerged),),
    ),
)
