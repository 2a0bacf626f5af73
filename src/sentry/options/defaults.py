"""Every option of the platform, with its default and what it does."""

from sentry.options.manager import OptionsManager

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
HOUR = 3600

_PROVIDERS = ("github", "github_enterprise", "gitlab", "bitbucket", "bitbucket_server", "vsts")
_MOST_DISK = 2**50


def register_all(options: OptionsManager) -> None:
    """Registers the platform's options."""
    options.register(
        "options.refresh-interval",
        default=10.0,
        minimum=1,
        maximum=HOUR,
        help="Seconds until a process sees options and flags that another one changed.",
    )
    options.register(
        "system.url-prefix",
        default="",
        pattern=r"(https?://[^\s/?#@]+(/[^\s/?#]+)*)?",
        help="Where others reach this platform, as https://host[:port], without a final slash: hosts are told to deliver webhooks there.",
    )
    _register_doors(options)
    _register_webhooks(options)
    _register_hosts(options)
    _register_mirrors(options)
    _register_observation(options)
    _register_tasks(options)


def _register_doors(options: OptionsManager) -> None:
    register = options.register
    register(
        "auth.cache-ttl",
        default=5.0,
        minimum=0,
        maximum=HOUR,
        help="Seconds that a credential is remembered in a process; 0: never.",
    )
    register(
        "auth.attempts-per-account",
        default=10,
        minimum=0,
        help="Passwords that may be tried for one account in ten minutes; 0: unlimited.",
    )
    register(
        "auth.attempts-per-address",
        default=50,
        minimum=0,
        help="Passwords that may be tried from one network address in ten minutes; 0: unlimited.",
    )
    register(
        "grpc.max-request-bytes",
        default=4 * MIB,
        minimum=1,
        settable=False,
        help="The largest request message, in bytes; read at the start.",
    )
    register(
        "grpc.max-response-bytes",
        default=16 * MIB,
        minimum=1,
        help="The largest response message, in bytes.",
    )
    register(
        "grpc.default-deadline",
        default=30.0,
        above=0,
        maximum=HOUR,
        help="Seconds that a call may take when it names no deadline.",
    )
    register(
        "grpc.max-deadline",
        default=120.0,
        above=0,
        maximum=HOUR,
        help="The longest deadline that a call may ask for, in seconds.",
    )
    register(
        "grpc.cors-origins",
        default=[],
        pattern=r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?",
        help="Origins that browsers may call from, as https://host[:port].",
    )
    register(
        "ratelimit.requests-per-minute",
        default=6000,
        minimum=0,
        help="Requests that one credential may make in a minute; 0: unlimited.",
    )
    register(
        "ratelimit.lease-size",
        default=2000,
        minimum=1,
        help="The most requests that a process leases from the shared counter at a time; never above a twentieth of the limit.",
    )
    register(
        "idempotency.ttl",
        default=86400,
        minimum=0,
        help="Seconds that the outcome of a mutation is kept for its idempotency key.",
    )


def _register_webhooks(options: OptionsManager) -> None:
    register = options.register
    register(
        "webhooks.max-body-bytes",
        default=25 * MIB,
        minimum=1,
        maximum=256 * MIB,
        help="The largest webhook delivery that is taken, in bytes.",
    )
    register(
        "webhooks.deduplication-window",
        default=72 * HOUR,
        minimum=0,
        maximum=90 * 24 * HOUR,
        help="Seconds after its arrival for which a delivery that was handled is told from a new one.",
    )
    register(
        "webhooks.dead-days",
        default=30,
        minimum=1,
        maximum=365,
        help="Days that a delivery is kept that could not be handled.",
    )
    register(
        "webhooks.commits-per-push",
        default=250,
        minimum=0,
        maximum=10_000,
        help="Commits of one push that a host is asked for, where the delivery does not hold all.",
    )
    register(
        "webhooks.files-per-commit",
        default=1000,
        minimum=0,
        maximum=10_000,
        help="Changed files that are kept of one commit.",
    )


def _register_observation(options: OptionsManager) -> None:
    options.register(
        "logging.access-log-rate",
        default=0.0,
        minimum=0,
        maximum=1,
        help="The part of all requests, 0 to 1, that is logged as rpc.request or api.request.",
    )
    options.register(
        "analytics.backend",
        default="none",
        choices=("none", "log", "database"),
        help="Where events of analytics go: none, log or database.",
    )
    options.register(
        "analytics.retention-days",
        default=90,
        minimum=1,
        maximum=36_500,
        help="Days that events of analytics are kept in the database.",
    )


def _register_hosts(options: OptionsManager) -> None:
    register = options.register
    register(
        "scm.http.connect-timeout",
        default=5.0,
        above=0,
        maximum=HOUR,
        help="Seconds to wait for a connection to a host.",
    )
    register(
        "scm.http.read-timeout",
        default=15.0,
        above=0,
        maximum=HOUR,
        help="Seconds to wait for a host's next bytes.",
    )
    register(
        "scm.http.total-timeout",
        default=30.0,
        above=0,
        maximum=HOUR,
        help="Seconds that one host call may take with all its retries.",
    )
    register(
        "scm.http.max-attempts",
        default=3,
        minimum=1,
        maximum=20,
        help="How often a call that may be repeated is tried.",
    )
    register(
        "scm.http.max-response-bytes",
        default=32 * MIB,
        minimum=1,
        help="The largest answer of a host that is read, after decompression.",
    )
    register(
        "scm.http.cache-entries",
        default=1000,
        minimum=0,
        help="Conditional answers (ETag) that a process remembers; 0: none.",
    )
    register(
        "scm.http.cache-bytes",
        default=64 * MIB,
        minimum=0,
        help="Bytes of conditional answers that a process remembers.",
    )
    register(
        "scm.integration.probe-interval",
        default=300.0,
        above=0,
        maximum=24 * HOUR,
        help="Seconds after which the host of a broken integration is asked again.",
    )
    _register_guest(options)


def _register_guest(options: OptionsManager) -> None:
    register = options.register
    register(
        "scm.budget.low",
        default=0.2,
        minimum=0,
        maximum=1,
        help="The last part of a host's limit, of 1, which is shared out among referrers.",
    )
    register(
        "scm.budget.share",
        default=0.5,
        above=0,
        maximum=1,
        help="What one referrer may have of that part until the limit begins anew; 1: all of it.",
    )
    register(
        "scm.single-flight.lease",
        default=20.0,
        minimum=0,
        maximum=HOUR,
        help="Seconds after which a process that blames for others, too, counts as dead; 0: each asks by itself.",
    )
    register(
        "scm.blame.cache-ttl",
        default=60.0,
        minimum=0,
        maximum=24 * HOUR,
        help="Seconds that a blame as of a commit is remembered for all processes; 0: never.",
    )
    register(
        "scm.blame.cache-bytes",
        default=16 * MIB,
        minimum=0,
        help="Bytes of remembered blames that one process may have in the store at a time.",
    )
    register(
        "scm.breaker.failures",
        default=10,
        minimum=0,
        help="Failures in a row after which a host is left alone for a moment; 0: never.",
    )
    register(
        "scm.breaker.window",
        default=60.0,
        above=0,
        maximum=HOUR,
        help="Seconds in which those failures must lie.",
    )
    register(
        "scm.breaker.pause",
        default=15.0,
        above=0,
        maximum=HOUR,
        help="Seconds that a host is left alone before one request looks whether it is back.",
    )


def _register_mirrors(options: OptionsManager) -> None:
    register = options.register
    register(
        "scm.blame.ignore-revs-ttl",
        default=3600.0,
        minimum=0,
        maximum=24 * HOUR,
        help="Seconds that a process remembers whether a commit has a .git-blame-ignore-revs, where the host does not tell with the blame; 0: never.",
    )
    register(
        "scm.mirrors.enabled",
        default=True,
        help="Whether repositories are mirrored on demand, for blame by git itself.",
    )
    register(
        "scm.mirrors.use-for",
        default=[],
        choices=_PROVIDERS,
        help="Keys of providers whose repositories are always blamed on a mirror.",
    )
    register(
        "scm.mirrors.max-bytes",
        default=GIB,
        minimum=MIB,
        maximum=_MOST_DISK,
        help="The most disk that one mirror may take, in bytes.",
    )
    register(
        "scm.mirrors.full-max-bytes",
        default=2 * GIB,
        minimum=MIB,
        maximum=_MOST_DISK,
        help="The most disk that one mirror may take where the host cannot leave out files, in bytes.",
    )
    register(
        "scm.mirrors.total-bytes",
        default=20 * GIB,
        minimum=0,
        maximum=_MOST_DISK,
        help="The disk that all mirrors together may take, in bytes; beyond it the one that was not used for the longest time goes.",
    )
    register(
        "scm.mirrors.refused-ttl",
        default=3600.0,
        minimum=0,
        maximum=24 * HOUR,
        help="Seconds that a repository, or a file of one, found too large for a mirror is not tried again.",
    )
    register(
        "scm.mirrors.total-timeout",
        default=900.0,
        above=0,
        maximum=HOUR,
        help="Seconds that work on a mirror may take where no caller waits for it.",
    )


def _register_tasks(options: OptionsManager) -> None:
    register = options.register
    register(
        "tasks.message-grace",
        default=60.0,
        above=0,
        maximum=24 * HOUR,
        help="Seconds after which a task's message counts as lost and is sent again.",
    )
    register(
        "tasks.poll-interval",
        default=0.2,
        above=0,
        maximum=60,
        help="Seconds between two looks of an idle embedded runner for due tasks.",
    )
