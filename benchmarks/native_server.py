"""The same action and the same credential check behind a native ``grpc.server``: one process, 4
threads. Prints its port.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc

from sentry.runner import configure

configure()

from sentry.auth.authentication import PresentedCredentials, authenticate  # noqa: E402
from sentry.auth.ratelimit import limiter  # noqa: E402
from sentry.integrations.grpc import convert  # noqa: E402
from sentry.integrations.grpc.generated import scm_pb2  # noqa: E402
from sentry.integrations.source_code_management.actions.repositories import (  # noqa: E402
    get_repository,
)
from sentry.integrations.source_code_management.errors import (  # noqa: E402
    NotFound,
    Unauthenticated,
)

THREADS = 4
SERVICE = "sentry.integrations.scm.v1.ScmService"


def answer(
    request: scm_pb2.GetRepositoryRequest, context: grpc.ServicerContext
) -> scm_pb2.Repository:
    """GetRepository, by hand."""
    metadata = dict(context.invocation_metadata())
    try:
        caller = authenticate(PresentedCredentials(api_key=str(metadata.get("x-api-key", ""))))
    except Unauthenticated:
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "a credential is needed")
    if not caller.has_scope("repository:read"):
        context.abort(grpc.StatusCode.PERMISSION_DENIED, "this needs the scope repository:read")
    limiter.hit(caller.credential)
    try:
        repository = get_repository(caller, repository_id=request.repository_id)
    except NotFound:
        context.abort(grpc.StatusCode.NOT_FOUND, "repository not found")
    return convert.repository(repository)


def main() -> None:
    """Serves until its standard input ends."""
    server = grpc.server(ThreadPoolExecutor(THREADS))
    handler = grpc.unary_unary_rpc_method_handler(
        answer,
        request_deserializer=scm_pb2.GetRepositoryRequest.FromString,
        response_serializer=scm_pb2.Repository.SerializeToString,
    )
    methods = {"GetRepository": handler}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, methods)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(grace=None).wait()


if __name__ == "__main__":
    main()
