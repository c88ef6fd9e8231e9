"""The vault: documents by key."""

from collections.abc import Sequence

from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.reasons import Code
from simulation.memory.faults import Faults
from simulation.memory.gate import Gate


class MemoryVault:
    """Implements relay.kernel.ports.Vault over `documents`, which all callers share."""

    def __init__(self, documents: dict[str, str], gate: Gate, faults: Faults) -> None:
        self._documents = documents
        self._gate = gate
        self._faults = faults

    def keep(self, key: str, document: str) -> None:
        self._enter("vault.keep")
        self._documents[key] = document
        self._leave("vault.keep answered")

    def fetch(self, key: str) -> str | None:
        self._enter("vault.fetch")
        return self._documents.get(key)

    def discard(self, key: str) -> None:
        self._enter("vault.discard")
        self._documents.pop(key, None)
        self._leave("vault.discard answered")

    def keys(self, beginning: str, most: int) -> Sequence[str]:
        self._enter("vault.keys")
        return [key for key in self._documents if key.startswith(beginning)][:most]

    def _enter(self, call: str) -> None:
        self._gate.step(call)
        if self._faults.strikes("vault refused"):
            raise Transient(Code.CALL_FAILED("vault", "refused"))

    def _leave(self, call: str) -> None:
        if self._faults.strikes("vault answer lost"):
            raise Transient(Code.CALL_FAILED("vault", "did not answer"))
        self._gate.step(call)
