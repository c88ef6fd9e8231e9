"""Access control: a pure judgement of a request before anything is read.

The page runs in a browser beside all other pages that the person has open. Those must neither see
it nor make it do something:

* a page of another site sends requests here: it has no cookie (SameSite=Strict), and `Origin` and
  `Sec-Fetch-Site` give its site;
* someone else's domain is made to resolve to this machine (DNS rebinding): `Host` says so;
* another program on this machine sends requests: it does not know the token.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

#: accepted causes of a request: this page, or the person directly (Fetch Metadata, W3C)
OWN = ("same-origin", "none")
SAFE = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Door:
    """What a request is checked against."""

    token: str
    port: int
    #: whether changes are allowed at all
    may_change: bool

    @property
    def hosts(self) -> tuple[str, ...]:
        return f"127.0.0.1:{self.port}", f"localhost:{self.port}"

    @property
    def cookie(self) -> str:
        """Its name; browsers share cookies between ports, and two consoles can be open."""
        return f"relay-console-{self.port}"

    def opens_with(self, said: str) -> bool:
        return hmac.compare_digest(said.encode(), self.token.encode())

    def seal(self, command: list[str]) -> str:
        """A signature that only this console can make: it shows that the dry run was shown."""
        said = "\0".join(command).encode()
        return hmac.new(self.token.encode(), said, "sha256").hexdigest()


def refusal(
    door: Door, method: str, headers: Mapping[str, str], cookies: Mapping[str, str], token: str
) -> str:
    """Why a request is refused, as a sentence; "" if it is accepted. `token` is the one in its
    address, which counts like the cookie that it will be exchanged for."""
    if headers.get("host", "") not in door.hosts:
        return "This console answers to 127.0.0.1 and localhost only."
    if method in SAFE and token:
        return (
            ""
            if door.opens_with(token)
            else ("The token in the address does not belong to this console.")
        )
    if not door.opens_with(cookies.get(door.cookie, "")):
        return "Open the address that `relay console` printed; it gives this browser access."
    if headers.get("sec-fetch-site", "none") not in OWN:
        return "Another website requested this: open the page yourself."
    if method in SAFE:
        return ""
    if headers.get("origin", "") not in [f"http://{host}" for host in door.hosts]:
        return "Another website requested this change: nothing was changed."
    if not door.may_change:
        return "This console is read-only. Start it with --allow-changes to change something."
    return ""
