"""What is measured inside one process: the doors over the actions, statements, and lists."""

import os
from collections.abc import Callable, Iterable
from statistics import median
from typing import Any

from benchmarks import calls, seed
from benchmarks.report import Figure, at_most, exactly, ratio_of_rounds

ROUNDS = 15
CALLS = 200
DEEP_PAGES = 400
LIST_ROUNDS = 21
OUTSIDE = ("ratelimitcounter", "SAVEPOINT", "BEGIN", "COMMIT", "PRAGMA")


class Product:
    """The product in this process, over the seeded data."""

    def __init__(self, data: seed.Seed) -> None:
        os.environ.update(seed.environment(data.home))
        from sentry.runner import configure

        configure()
        from sentry.auth.authentication import PresentedCredentials, authenticate
        from sentry.integrations.grpc.generated import scm_pb2
        from sentry.integrations.source_code_management.actions import repositories
        from sentry.wsgi import application

        self.data = data
        self.pb = scm_pb2
        self.actions = repositories
        self.application: calls.Application = application  # type: ignore[assignment]
        self.key = {"x-api-key": data.api_key}
        self.caller = authenticate(PresentedCredentials(api_key=data.api_key))
        self.body = calls.framed(scm_pb2.GetRepositoryRequest(repository_id=data.repository_id))

    def rpc(self) -> Callable[[], object]:
        """GetRepository through the whole application; checked once."""
        template = calls.rpc_environ("GetRepository", self.body, self.key)
        calls.checked_rpc(self.application, template, self.body)
        return lambda: calls.call(self.application, template, self.body)

    def action(self) -> Callable[[], object]:
        """The bare action on the same row."""
        get, caller, number = self.actions.get_repository, self.caller, self.data.repository_id
        return lambda: get(caller, repository_id=number)

    def orm(self) -> Callable[[], object]:
        """The same row by the plainest means."""
        from sentry.models import Repository

        number, organization = self.data.repository_id, self.data.organization_id
        return lambda: Repository.objects.get(id=number, organization_id=organization)

    def rest(self) -> calls.Environ:
        """The same read over REST."""
        path = (
            f"/api/0/organizations/{self.data.organization_slug}/repos/{self.data.repository_id}/"
        )
        return calls.environ("GET", path, self.key)


def _rounds(first: Callable[[], object], second: Callable[[], object]) -> list[tuple[float, float]]:
    """Alternating measurements of both, after a warm-up."""
    for work in (first, second):
        calls.seconds_per_call(work, CALLS)
    return [
        (calls.seconds_per_call(first, CALLS), calls.seconds_per_call(second, CALLS))
        for _ in range(ROUNDS)
    ]


def rpc_over_action(data: seed.Seed) -> Iterable[Figure]:
    """The whole RPC over its action, and the action over the ORM."""
    product = Product(data)
    door = ratio_of_rounds(_rounds(product.rpc(), product.action()))
    action = ratio_of_rounds(_rounds(product.action(), product.orm()))
    yield Figure(name="rpc_over_action", value=door, unit="ratio", bar=at_most(1.5))
    yield Figure(name="action_over_orm_get", value=action, unit="ratio", bar=at_most(1.2))


def rpc_signed_overhead(data: seed.Seed) -> Iterable[Figure]:
    """What a signature costs over an API key; every request has a nonce of its own."""
    product = Product(data)
    plain = product.rpc()
    rounds = []
    for _ in range(ROUNDS):
        signed = [_signed(product) for _ in range(CALLS)]
        waiting = iter(signed)

        def one(waiting: Any = waiting) -> object:
            return calls.call(product.application, next(waiting), product.body)

        rounds.append((calls.seconds_per_call(one, CALLS), calls.seconds_per_call(plain, CALLS)))
    overhead = median(first - second for first, second in rounds) * 1e6
    yield Figure(name="rpc_signed_overhead_us", value=overhead, unit="us")


def _signed(product: Product) -> calls.Environ:
    import time

    from sentry_scm_client import signature

    organization = str(product.data.organization_id)
    parts = signature.SignedParts(
        key_id=seed.SIGNING_ID,
        method="POST",
        path=calls.SERVICE + "GetRepository",
        organization_id=organization,
        content_type=calls.CONTENT_TYPE,
        timestamp=int(time.time()),
        nonce=signature.new_nonce(),
        body=product.body,
    )
    headers = {**signature.sign(seed.SIGNING_SECRET, parts), "x-organization-id": organization}
    return calls.rpc_environ("GetRepository", product.body, headers)


def rest_through_porch(data: seed.Seed) -> Iterable[Figure]:
    """A REST read through ``sentry.wsgi`` over the same through Django's own handler."""
    product = Product(data)
    from django.core.handlers.wsgi import WSGIHandler

    django: Any = WSGIHandler()
    template = product.rest()
    ratio = ratio_of_rounds(
        _rounds(
            lambda: calls.call(product.application, template),
            lambda: calls.call(django, template),
        )
    )
    name = "rest_through_porch_over_django"
    yield Figure(name=name, value=ratio, unit="ratio", bar=at_most(1.05))


def _statements(work: Callable[[], object]) -> int:
    """How many statements about the resource and the credential the work runs."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        work()
    return sum(not any(word in query["sql"] for word in OUTSIDE) for query in captured)


def sql_statements(data: seed.Seed) -> Iterable[Figure]:
    """Statements of GetRepository, and how many more a long list takes than a short one."""
    product = Product(data)
    from sentry.auth.cache import caller_cache

    get = product.rpc()
    caller_cache.clear()
    cold = _statements(get)
    warm = _statements(get)
    spread = _statements(_list(product, page_size=1000)) - _statements(_list(product, page_size=10))
    unit = "statements"
    yield Figure(name="sql_get_repository_cold", value=cold, unit=unit, bar=at_most(2))
    yield Figure(name="sql_get_repository_warm", value=warm, unit=unit, bar=at_most(1))
    yield Figure(name="sql_list_repositories_spread", value=spread, unit=unit, bar=exactly(0))


def _list(product: Product, **fields: Any) -> Callable[[], object]:
    """ListRepositories through the whole application."""
    body = calls.framed(product.pb.ListRepositoriesRequest(**fields))
    template = calls.rpc_environ("ListRepositories", body, product.key)
    calls.checked_rpc(product.application, template, body)
    return lambda: calls.call(product.application, template, body)


def list_pages(data: seed.Seed) -> Iterable[Figure]:
    """A page behind 400,000 rows over the first one, both through the whole application."""
    product = Product(data)
    token = ""
    for _ in range(DEEP_PAGES):
        page = product.actions.list_repositories(product.caller, page_size=1000, page_token=token)
        token = page.next_token
    deep, first = _list(product, page_token=token), _list(product)
    rounds = [
        (calls.seconds_per_call(deep, 5), calls.seconds_per_call(first, 5))
        for _ in range(LIST_ROUNDS)
    ]
    ratio = ratio_of_rounds(rounds)
    yield Figure(name="list_page_deep_over_first", value=ratio, unit="ratio", bar=at_most(1.3))


def _p50_ms(product: Product, queries: Iterable[str]) -> float:
    """The median milliseconds of a first page for these queries."""
    times = [calls.seconds_per_call(_list(product, query=query), 3) * 1000 for query in queries]
    return median(times)


def list_queries(data: seed.Seed) -> Iterable[Figure]:
    """First pages for what people type: words, numbers, whole names, and what is not there."""
    product = Product(data)
    names = [name for _, name in zip(range(40), seed.names(), strict=False)]
    typed = [name.partition("/")[2] for name in names[:8]]  # one match each
    typed += [name.partition("/")[2].rpartition("-")[0] for name in names[8:16]]  # tens
    typed += [str(number) for number in range(40_000, 48_000, 1_000)]  # tens
    typed += [f"{word}-team/{word}" for word in seed.WORDS[:8]]  # tens
    typed += list(seed.WORDS[40:44])  # some 15,000 each
    typed += ["no such name", "QUEUE-RUNTIME", "-999"]
    value = _p50_ms(product, typed)
    yield Figure(name="list_query_p50_ms", value=value, unit="ms", bar=at_most(50))
    short = _p50_ms(product, ["a", "qu", "z", "7", "42", "x-"])
    yield Figure(name="list_short_query_p50_ms", value=short, unit="ms")
