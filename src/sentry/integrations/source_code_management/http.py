"""The one HTTP session through which every provider reaches its host.

It bounds time and size, retries what may be repeated, keeps to the host's limits, remembers
conditional answers, follows no redirect to another host and turns every failure into the error
tree. Credentials appear in no repr, log or error.
"""

import json as json_format
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Protocol
from urllib.parse import quote, urlencode, urljoin, urlsplit

from sentry import options
from sentry.integrations.source_code_management.errors import (
    HostGaveUp,
    HostRateLimited,
    HostUnavailable,
    IntegrationBroken,
    InvalidArgument,
)
from sentry.integrations.source_code_management.http_answers import (
    REDIRECTS,
    RETRYABLE,
    HostResponse,
    Transient,
    error_of,
    pages_told,
    seconds_of,
)
from sentry.integrations.source_code_management.http_cache import CacheKey
from sentry.integrations.source_code_management.http_flight import Read
from sentry.integrations.source_code_management.http_gate import LONGEST_WAIT, Gate
from sentry.integrations.source_code_management.http_guard import Origin, parse_origin
from sentry.integrations.source_code_management.http_limits import Limit, Quota, backoff
from sentry.integrations.source_code_management.http_paths import Route
from sentry.integrations.source_code_management.http_runtime import HttpRuntime, shared_runtime
from sentry.integrations.source_code_management.http_transport import allow_list
from sentry.integrations.source_code_management.http_wire import Call, TimeLimit, send
from sentry.integrations.source_code_management.json_reader import Json

_MAX_URL = 16_000
_MAX_REDIRECTS = 3
_MAX_PAGES = 2000
_UNKNOWN_LIMIT = 60.0
_SAFE_METHODS = frozenset({"GET", "HEAD"})


class HostAuth(Protocol):
    """A credential on a host."""

    @property
    def identity(self) -> str:
        """A digest that names the credential without telling it."""
        ...

    def headers(self) -> dict[str, str]:
        """The headers that carry the credential."""
        ...

    def renew(self, rejected: Mapping[str, str]) -> bool:
        """Whether there is another credential to try, after a 401 to these headers."""
        ...


class HostDialect(Protocol):
    """How a kind of host speaks HTTP, where hosts differ."""

    @property
    def provider(self) -> str:
        """The provider's key, for metrics."""
        ...

    def headers(self) -> dict[str, str]:
        """Headers of every request."""
        ...

    def bucket(self, path: str) -> str:
        """The part of the API with a limit of its own that a path belongs to."""
        ...

    def limit(self, response: HostResponse, *, bucket: str, now: float) -> Limit | None:
        """The limit that an answer tells of; ``now`` is unix time."""
        ...

    def quota(self, response: HostResponse, *, now: float) -> Quota | None:
        """What an answer leaves of its bucket's limit; None where it does not say.

        ``now`` is unix time. See ``http_limits.header_quota``.
        """
        ...

    def lacking(self, response: HostResponse) -> str:
        """The permissions for want of which an answer refuses; "" where it names none.

        A caller will read it: see ``permissions_named``.
        """
        ...

    def next_page(self, response: HostResponse) -> str | None:
        """The URL of the page that follows; it may be relative."""
        ...


class HostSession:
    """Calls to one host with one credential. Cheap to make; what is costly is shared."""

    def __init__(
        self,
        base_url: str,
        *,
        auth: HostAuth,
        dialect: HostDialect,
        runtime: HttpRuntime | None = None,
    ) -> None:
        """Binds the base URL ("https://api.example.com/v3"); makes no request."""
        self._base_url = base_url.rstrip("/")
        self._auth = auth
        self._dialect = dialect
        self._runtime = runtime or shared_runtime()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._base_url}>"

    def get_json(
        self,
        where: Route,
        *,
        resource: str,
        query: Mapping[str, str | int] | None = None,
        passed: frozenset[int] = frozenset(),
    ) -> HostResponse:
        """A GET that expects JSON; see ``request``."""
        return self.request("GET", where, resource=resource, query=query, passed=passed)

    def post_json(
        self,
        where: Route,
        *,
        resource: str,
        json: Json,
        repeatable: bool = False,
        passed: frozenset[int] = frozenset(),
    ) -> HostResponse:
        """A POST of JSON. ``repeatable`` says that a second one would change nothing more."""
        return self.request(
            "POST", where, resource=resource, json=json, repeatable=repeatable, passed=passed
        )

    def request(
        self,
        method: str,
        where: Route | str,
        *,
        resource: str,
        query: Mapping[str, str | int] | None = None,
        json: Json = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
        passed: frozenset[int] = frozenset(),
        read_at_most: int | None = None,
        heavy: bool = False,
    ) -> HostResponse:
        """One call, with its retries.

        Args:
            method: the HTTP method; GET and HEAD are always repeatable.
            where: a route under the base URL, or a whole URL on the same origin.
            resource: what a 404 means was not found ("commit").
            query: the query's parameters.
            json: the body; None sends none.
            form: the fields of a body in the form of HTML forms, in place of JSON.
            headers: further headers.
            repeatable: whether the call may be sent again after a failure.
            passed: error statuses that the caller reads itself; those from 500 speak of this
                question alone, not of the host's health.
            read_at_most: bytes to read of a longer body, in place of refusing it.
            heavy: whether it may be too much for the host: it is not sent again after too slow an
                answer.

        Raises:
            NotFound: 404 or 410.
            IntegrationBroken: 401, or an address that the guard refuses.
            HostForbidden: 403. HostRejected: other 4xx.
            HostRateLimited: its limit, or the caller's share of it, is used up.
            HostUnavailable: no connection, no time, 5xx, or an answer that cannot be read.
            HostGaveUp: a heavy call had no answer within ``scm.http.read-timeout``.
            DeadlineExceeded: the caller's time was up.
        """
        self._origin()  # refuses a bad base URL before anything is sent
        kind, content = _body(json, form)
        call = Call(
            provider=self._dialect.provider,
            method=method,
            url=_with_query(self._url_of(where), query or {}),
            template=where.template if isinstance(where, Route) else _path_of(where),
            resource=resource,
            repeatable=repeatable or method in _SAFE_METHODS,
            headers={**kind, **(headers or {})},
            content=content,
            passed=passed,
            read_at_most=read_at_most,
            heavy=heavy,
        )
        return self._run(call)

    def expect(self, where: Route | str, *, requests: int) -> None:
        """Says that so many requests of this kind are to follow; makes none.

        Raises:
            HostRateLimited: the host's limit is known to have room for fewer.
        """
        bucket = self._dialect.bucket(where.path if isinstance(where, Route) else _path_of(where))
        self._gate.expect(self._dialect.provider, bucket, requests)

    def pages(
        self,
        where: Route,
        *,
        resource: str,
        query: Mapping[str, str | int] | None = None,
        whole: bool = False,
    ) -> Iterator[HostResponse]:
        """The pages of a list, each fetched when it is asked for; links never leave the origin.

        ``whole`` says that every page will be asked for: where the first one tells how many there
        are, the host's limit must have room for them.

        Raises:
            HostRateLimited: it has not; no page was given.
            HostUnavailable: a link leads elsewhere, or the pages do not end. Else as ``request``.
        """
        seen: set[str] = set()
        response = self.request("GET", where, resource=resource, query=query)
        if whole:
            self.expect(where, requests=(pages_told(response.headers) or 1) - 1)
        while True:
            yield response
            link = self._dialect.next_page(response)
            if link is None:
                return
            target = urljoin(response.url, link)
            seen.add(response.url)
            if target in seen or len(seen) >= _MAX_PAGES:
                raise HostUnavailable("the host's list of pages does not end")
            response = self.request("GET", target, resource=resource)

    def has_next_page(self, response: HostResponse) -> bool:
        """Whether a list goes on after this answer."""
        return self._dialect.next_page(response) is not None

    def limited(self, response: HostResponse) -> HostRateLimited:
        """The error for a limit that only the body of a success tells of; remembers the limit.

        With ``Retry-After`` it covers all of the host's API, as where a refusal has that header.
        """
        bucket = self._dialect.bucket(_path_of(response.url))
        now = self._runtime.wall_clock()
        told = self._dialect.limit(response, bucket=bucket, now=now)
        asked = seconds_of(response.headers.get("retry-after"), now=now)
        untold = Limit(seconds=_UNKNOWN_LIMIT, bucket=bucket, is_guess=True)
        limit = self._gate.block(told or (Limit(seconds=asked) if asked else untold))
        return HostRateLimited(limit.seconds, status=response.status)

    # --- one call, several tries -------------------------------------------------------------

    def _run(self, call: Call) -> HostResponse:
        if call.method in _SAFE_METHODS or (call.method == "POST" and call.repeatable):
            return self._try(call)
        try:
            return self._try(call)
        finally:
            self._runtime.flights.written(self._auth.identity)

    def _try(self, call: Call) -> HostResponse:
        limit = TimeLimit.now(self._runtime)
        attempts = options.get_int("scm.http.max-attempts") if call.repeatable else 1
        attempt = 1
        while True:
            try:
                return self._follow(call, limit)
            except Transient as failure:
                if isinstance(failure.error, HostGaveUp):
                    raise failure.error from None
                wait = self._wait_before(attempt, failure)
                if attempt >= attempts or wait >= min(LONGEST_WAIT, limit.left(self._runtime)):
                    raise failure.error from None
            self._runtime.sleep(wait)
            attempt += 1

    def _wait_before(self, attempt: int, failure: Transient) -> float:
        wait = backoff(attempt, random=self._runtime.random())
        return wait if failure.wait is None else max(wait, failure.wait)

    def _follow(self, call: Call, limit: TimeLimit) -> HostResponse:
        """One try, with the redirects inside its own origin."""
        for _ in range(_MAX_REDIRECTS + 1):
            response = self._authenticated(call, limit)
            if response.status not in REDIRECTS:
                return self._judged(call, response)
            call = self._redirected(call, response)
        raise HostUnavailable("the host redirected too often")

    def _judged(self, call: Call, response: HostResponse) -> HostResponse:
        """The answer, or the error that it means."""
        if response.status in call.passed:
            return response
        needs = self._dialect.lacking(response)
        failure = error_of(response, resource=call.resource, needs=needs)
        if failure is None:
            return response
        if response.status in RETRYABLE:
            wait = seconds_of(response.headers.get("retry-after"), now=self._runtime.wall_clock())
            failure.retry_after = wait
            raise Transient(failure, wait=wait)
        raise failure

    def _redirected(self, call: Call, response: HostResponse) -> Call:
        location = response.headers.get("location", "")
        if call.method not in _SAFE_METHODS or not location:
            raise HostUnavailable(
                "the host redirected a request that cannot follow", status=response.status
            )
        return replace(call, url=self._same_origin(urljoin(call.url, location)))

    def _authenticated(self, call: Call, limit: TimeLimit) -> HostResponse:
        """One try with the credential, and another with a renewed one after a 401."""
        credential = self._auth.headers()
        response = self._together(call, credential, limit)
        if response.status == HTTPStatus.UNAUTHORIZED and self._auth.renew(credential):
            response = self._together(call, self._auth.headers(), limit)
        return response

    def _together(
        self, call: Call, credential: Mapping[str, str], limit: TimeLimit
    ) -> HostResponse:
        """A request; of threads that want to read the same, one makes it for all."""
        if call.method != "GET":
            return self._answered(call, credential, limit)
        read = Read(
            identity=self._auth.identity,
            url=call.url,
            headers=frozenset({**credential, **call.headers}.items()),
            read_at_most=call.read_at_most,
        )
        return self._runtime.flights.run(
            read,
            lambda: self._answered(call, credential, limit),
            lambda: limit.left(self._runtime),
        )

    def _answered(
        self, call: Call, credential: Mapping[str, str], limit: TimeLimit
    ) -> HostResponse:
        """The answer to a request, and what it tells of the host's limits; raises for a refusal."""
        response = self._conditional(call, credential, limit)
        bucket = self._dialect.bucket(_path_of(call.url))
        now = self._runtime.wall_clock()
        self._gate.learn(call.provider, bucket, self._dialect.quota(response, now=now))
        told = self._dialect.limit(response, bucket=bucket, now=now)
        if told is not None:
            told = self._gate.block(told)
            if told.refused:
                error = HostRateLimited(told.seconds, status=response.status)
                raise Transient(error, wait=told.seconds)
        return response

    def _conditional(
        self, call: Call, credential: Mapping[str, str], limit: TimeLimit
    ) -> HostResponse:
        """A GET that sends the ETag of the answer that is remembered, if there is one."""
        if call.method != "GET" or call.read_at_most is not None:
            return self._send(call, credential, limit)
        key = CacheKey(
            identity=self._auth.identity,
            method=call.method,
            url=call.url,
            accept=call.headers.get("accept", ""),
        )
        stored = self._runtime.cache.get(key)
        condition = {"if-none-match": stored.headers["etag"]} if stored else {}
        response = self._send(call, {**credential, **condition}, limit)
        if stored and response.status == HTTPStatus.NOT_MODIFIED:
            fresh = {k: v for k, v in response.headers.items() if not k.startswith("content-")}
            return replace(stored, headers={**stored.headers, **fresh})
        if response.status == HTTPStatus.OK and response.headers.get("etag"):
            self._runtime.cache.put(key, response)
        return response

    def _send(self, call: Call, extra: Mapping[str, str], limit: TimeLimit) -> HostResponse:
        """One request, if the host's limits and its health allow one now."""
        self._gate.wait_for_limit(call.provider, self._dialect.bucket(_path_of(call.url)), limit)
        with self._gate.circuit(call) as verdict:
            headers = {**self._dialect.headers(), **extra}
            response = send(call, headers, limit, self._runtime)
            verdict.heard(response.status, passed=call.passed)
        return response

    @property
    def _gate(self) -> Gate:
        return Gate(self._base_url, self._auth.identity, self._runtime)

    # --- URLs --------------------------------------------------------------------------------

    def _url_of(self, where: Route | str) -> str:
        return self._base_url + where.path if isinstance(where, Route) else self._same_origin(where)

    def _origin(self) -> Origin:
        return parse_origin(self._base_url, allow_list())

    def _same_origin(self, url: str) -> str:
        """A URL that a host's answer named, if it leads to the same host."""
        try:
            same = parse_origin(url, allow_list()) == self._origin()
        except IntegrationBroken:
            same = False
        if not same:
            raise HostUnavailable("the host redirected to another host, which is not followed")
        return url


def _body(json: Json, form: Mapping[str, str] | None) -> tuple[dict[str, str], bytes]:
    """The header that says what the body is, and the body."""
    if form is not None:
        kind = "application/x-www-form-urlencoded"
        return {"content-type": kind}, urlencode(form, quote_via=quote).encode("ascii")
    if json is None:
        return {}, b""
    return {"content-type": "application/json"}, json_format.dumps(json).encode("ascii")


def _path_of(url: str) -> str:
    return urlsplit(url).path


def _with_query(url: str, query: Mapping[str, str | int]) -> str:
    if any("\0" in str(value) for value in query.values()):
        raise InvalidArgument("query", "must not hold NUL")
    try:
        text = urlencode(query, quote_via=quote, safe="")
    except UnicodeEncodeError:
        raise InvalidArgument("query", "must be valid Unicode") from None
    whole = f"{url}?{text}" if text else url
    if len(whole) > _MAX_URL:
        raise InvalidArgument("query", "is too long")
    return whole
