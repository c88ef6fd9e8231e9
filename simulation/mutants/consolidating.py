"""Mistakes about batches that are merged."""

from collections.abc import Mapping
from typing import Any

from lambdas.relay.functions import consolidation, dedup
from lambdas.relay.functions.dedup import Deps
from lambdas.relay.messages.consumer import Disposition, Done
from lambdas.relay.messages.sealing import Batch
from simulation.mutants.mutant import Mutant
from simulation.mutants.stages import pressed


def _nothing_to_do(batch: Batch, deps: Deps, now_ms: int) -> Disposition:
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
        storm={"vault refused": 0.4, "429 short": 0.2, "429 hours": 0.0},
        stage=pressed,
    ),
)
