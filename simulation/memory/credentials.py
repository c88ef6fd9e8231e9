"""Secrets Manager with one secret, and a function's cache of it."""

from collections.abc import Mapping, Sequence

from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.ports import Credentials
from lambdas.relay.kernel.reasons import Code
from simulation.memory.faults import Faults
from simulation.memory.gate import Gate


class StoredSecret:
    """The OAuth client that Secrets Manager and Genesys both know; `rotate` replaces it."""

    def __init__(self) -> None:
        self.version = 1

    @property
    def credentials(self) -> Credentials:
        return Credentials("relay", f"secret-{self.version}")

    def rotate(self) -> None:
        self.version += 1


class MemorySecrets:
    """Implements relay.kernel.ports.Secrets."""

    def __init__(self, stored: StoredSecret, gate: Gate, faults: Faults) -> None:
        self._stored = stored
        self._gate = gate
        self._faults = faults
        self._cached: Credentials | None = None

    def credentials(self, fresh: bool) -> Credentials:
        if self._cached is not None and not fresh:
            return self._cached
        self._gate.step("secrets.get")
        if self._faults.strikes("secret unreadable"):
            raise Transient(Code.CALL_FAILED("secret", "unreadable"))
        self._cached = self._stored.credentials
        return self._cached


#: of every environment that is simulated
PERSONAL_KEY = "the key under which personal names are hashed"


class MemoryPersonalKey:
    """An instance's view of the environment's key for personal names."""

    def __init__(self, stored: str, gate: Gate, faults: Faults) -> None:
        self._stored = stored
        self._gate = gate
        self._faults = faults
        self._cached = ""

    def __call__(self) -> str:
        if not self._cached:
            self._gate.step("personal key.get")
            if self._faults.strikes("secret unreadable"):
                raise Transient(Code.CALL_FAILED("personal key", "unreadable"))
            self._cached = self._stored
        return self._cached


class MemorySenderKeys:
    """Implements relay.kernel.ports.SenderKeys."""

    def __init__(self, stored: Mapping[str, str], gate: Gate, faults: Faults) -> None:
        self._stored = stored
        self._gate = gate
        self._faults = faults
        self._cached: Mapping[str, str] | None = None

    def of(self, sender: str, fresh: bool) -> Sequence[str]:
        if self._cached is None or fresh:
            self._gate.step("sender keys.get")
            if self._faults.strikes("secret unreadable"):
                raise Transient(Code.CALL_FAILED("senders' keys", "unreadable"))
            self._cached = dict(self._stored)
        return [self._cached[sender]] if sender in self._cached else []
