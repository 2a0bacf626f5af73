"""Whether a caller's scopes open an endpoint."""

from typing import TYPE_CHECKING, ClassVar

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from sentry.api.authentication import caller_of
from sentry.api.errors import SessionNeeded
from sentry.auth import policy
from sentry.auth.caller import CallerKind
from sentry.integrations.source_code_management.errors import PermissionDenied

if TYPE_CHECKING:
    # The framework reads its settings, and by them this module, while it makes its views.
    from rest_framework.views import APIView

    from sentry.api.base import Endpoint


class NoAccess(BasePermission):
    """The default: nobody. An endpoint says by its own permission who may call it."""

    def has_permission(self, request: Request, view: "APIView") -> bool:  # noqa: ARG002
        """Never."""
        return False


class EverySession(BasePermission):
    """Whoever the endpoint's own authentication lets in: what is one's own needs no scope."""

    def has_permission(self, request: Request, view: "APIView") -> bool:  # noqa: ARG002
        """Always."""
        return True


class SentryPermission(BasePermission):
    """Lets a caller in who holds any of the scopes that ``scope_map`` lists for the method.

    A method that is not listed is closed; HEAD is GET.
    """

    scope_map: ClassVar[dict[str, list[str]]] = {}

    def has_permission(self, request: Request, view: "Endpoint") -> bool:  # type: ignore[override]
        """Whether the caller may.

        Raises:
            Unauthenticated: there is no caller.
            PermissionDenied: the caller holds none of the scopes.
        """
        method = "GET" if request.method == "HEAD" else request.method or ""
        caller = caller_of(request)
        if method == "OPTIONS" or method not in view.allowed_methods:
            return True  # the endpoint says which methods it takes, or answers 405
        accepted = self.accepted_scopes(view).get(method, [])
        if any(caller.has_scope(scope) for scope in accepted):
            return True
        raise PermissionDenied(" or ".join(accepted) or "of no credential")

    def accepted_scopes(self, view: "Endpoint") -> dict[str, list[str]]:  # noqa: ARG002
        """The scopes by method."""
        return self.scope_map


class PolicyPermission(SentryPermission):
    """A SentryPermission whose map is the endpoint's line in ``sentry.auth.policy``.

    An endpoint without a name of its own has no line; ``scope_map`` is then what its base allows.
    """

    scope_map = {method: sorted(scopes) for method, scopes in policy.ORGANIZATION_DEFAULT.items()}

    def accepted_scopes(self, view: "Endpoint") -> dict[str, list[str]]:
        """The scopes by method.

        Raises:
            KeyError: the endpoint has a name and is not in the policy.
        """
        return policy.scope_map(view.url_name) if view.url_name else self.scope_map


class SessionPermission(PolicyPermission):
    """A PolicyPermission that lets sessions in alone, for what no program may do."""

    def has_permission(self, request: Request, view: "Endpoint") -> bool:  # type: ignore[override]
        """Whether the caller may.

        Raises:
            SessionNeeded: the caller is no session.
            PermissionDenied: the session holds none of the scopes.
        """
        permitted = super().has_permission(request, view)
        if caller_of(request).kind is not CallerKind.SESSION:
            raise SessionNeeded
        return permitted
