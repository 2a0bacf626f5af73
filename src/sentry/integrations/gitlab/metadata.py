"""What the platform keeps of an integration with GitLab."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sentry.integrations.gitlab.endpoints import Endpoints, gitlab_endpoints
from sentry.integrations.source_code_management.credential_texts import TokenText
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.oauth import OAuthCredential

_URL = r"^https?://[^\s@?#]+$"


class GitLabMetadata(BaseModel):
    """Exactly one credential: ``token`` (personal, of a project or of a group), or ``oauth``.

    ``base_url`` is the instance's root, or its API's base URL; ``web_url`` is needed only where
    people see the instance at another address.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: str = Field(default="https://gitlab.com", pattern=_URL, max_length=200)
    web_url: str | None = Field(default=None, pattern=_URL, max_length=200)
    token: TokenText | None = Field(default=None, repr=False)
    oauth: OAuthCredential | None = None

    @model_validator(mode="after")
    def _has_one_credential(self) -> Self:
        if (self.token is None) == (self.oauth is None):
            raise ValueError("needs exactly one of token and oauth")
        return self

    def endpoints(self) -> Endpoints:
        """Where this GitLab lives."""
        return gitlab_endpoints(base_url=self.base_url, web_url=self.web_url)

    def credential_digest(self) -> str:
        """A digest that names the credential without telling it."""
        if self.oauth is not None:
            account = (self.oauth.client_id, self.oauth.refresh_token or self.oauth.access_token)
            return digest("gitlab-oauth", *account)
        return digest("gitlab-token", self.token or "")
