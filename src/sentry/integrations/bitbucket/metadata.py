"""What the platform keeps of an integration with Bitbucket Cloud."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sentry.integrations.bitbucket.endpoints import Endpoints, bitbucket_endpoints
from sentry.integrations.source_code_management.credential_texts import TokenText
from sentry.integrations.source_code_management.http_cache import digest
from sentry.integrations.source_code_management.oauth import OAuthCredential

_URL = r"^https?://[^\s@?#]+$"


class BitbucketMetadata(BaseModel):
    """Exactly one credential: ``email`` with ``api_token``, ``token``, or ``oauth``.

    ``token`` is an access token of a repository, a project or a workspace; such a one cannot list
    the workspaces that it reaches, so that ``workspace`` (its slug or UUID) names it. With the
    other credentials ``workspace`` narrows the integration to one workspace. The check of a
    credential puts the UUID in the slug's place, which another workspace may take some day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: str = Field(default="https://api.bitbucket.org/2.0", pattern=_URL)
    web_url: str = Field(default="https://bitbucket.org", pattern=_URL)
    workspace: str | None = Field(
        default=None, pattern=r"^([A-Za-z0-9_\-]{1,100}|\{[0-9A-Fa-f\-]{36}\})$"
    )
    email: str | None = Field(default=None, max_length=254, pattern=r"^[^\s@:]+@[^\s@:]+$")
    api_token: TokenText | None = Field(default=None, repr=False)
    token: TokenText | None = Field(default=None, repr=False)
    oauth: OAuthCredential | None = None

    @model_validator(mode="after")
    def _has_one_credential(self) -> Self:
        given = [self.api_token is not None, self.token is not None, self.oauth is not None]
        if sum(given) != 1:
            raise ValueError("needs exactly one of api_token, token and oauth")
        if (self.email is None) != (self.api_token is None):
            raise ValueError("email and api_token belong together")
        return self

    def endpoints(self) -> Endpoints:
        """Where this Bitbucket lives."""
        return bitbucket_endpoints(base_url=self.base_url, web_url=self.web_url)

    def credential_digest(self) -> str:
        """A digest that names the credential without telling it."""
        if self.oauth is not None:
            account = (self.oauth.client_id, self.oauth.refresh_token or self.oauth.access_token)
            return digest("bitbucket-oauth", *account)
        if self.api_token is not None:
            return digest("bitbucket-api-token", self.email or "", self.api_token)
        return digest("bitbucket-token", self.token or "")
