"""What the functions' constructs share."""

from dataclasses import dataclass

from stacks.credentials import Credentials
from stacks.function import FunctionSettings
from stacks.genesys_access import GenesysAccess
from stacks.ledger import Ledger
from stacks.personal_key import PersonalKey
from stacks.queues import Queues
from stacks.vault import Vault


@dataclass(frozen=True, slots=True)
class Shared:
    """The settings and resources of an environment. Each function's construct takes and is granted
    only what its verb needs of them (tests/stacks/test_permissions.py)."""

    settings: FunctionSettings
    queues: Queues
    ledger: Ledger
    vault: Vault
    credentials: Credentials
    personal_key: PersonalKey
    genesys: GenesysAccess
