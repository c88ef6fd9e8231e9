"""The settings of the functions that call Genesys."""

from dataclasses import dataclass

from stacks.credentials import Credentials


@dataclass(frozen=True, slots=True)
class GenesysAccess:
    """Where Genesys is, and how many requests a minute its OAuth client may send; `headroom` of
    them are left to other users of the same client."""

    api_url: str
    login_url: str
    requests_per_minute: int
    headroom: int

    def environment(self, credentials: Credentials) -> dict[str, str]:
        """As environment variables."""
        return {
            "GENESYS_SECRET_ID": credentials.secret.secret_arn,
            "GENESYS_API_URL": self.api_url,
            "GENESYS_LOGIN_URL": self.login_url,
            "REQUESTS_PER_MINUTE": str(self.requests_per_minute),
            "HEADROOM": str(self.headroom),
        }
