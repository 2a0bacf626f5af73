"""Django's settings, from the environment. ``docs/settings.md`` lists every variable."""

from cryptography.fernet import Fernet
from django.core.management.utils import get_random_secret_key

from sentry.conf import environment as env
from sentry.conf import home
from sentry.conf.databases import database
from sentry.conf.dsn import check_dsn
from sentry.conf.keys import check_encryption_keys

# Where generated keys and the default database live.
SENTRY_HOME = home.sentry_home()

DEBUG = env.flag("SENTRY_DEBUG", default=False)
SECRET_KEY = (
    env.text("SENTRY_SECRET_KEY") or env.key_file(home.secret_key_file(), get_random_secret_key)[0]
)
ENCRYPTION_KEYS = env.words("SENTRY_ENCRYPTION_KEYS")
# None where the keys come from the environment.
ENCRYPTION_KEYS_FILE = None if ENCRYPTION_KEYS else home.encryption_keys_file()
if ENCRYPTION_KEYS_FILE is not None:
    ENCRYPTION_KEYS = env.key_file(
        ENCRYPTION_KEYS_FILE, lambda: Fernet.generate_key().decode("ascii")
    )
check_encryption_keys(ENCRYPTION_KEYS, source=str(ENCRYPTION_KEYS_FILE or "SENTRY_ENCRYPTION_KEYS"))
ALLOWED_HOSTS = env.words("SENTRY_ALLOWED_HOSTS", "*")
SENTRY_URL_PREFIX = env.text("SENTRY_URL_PREFIX", "http://localhost:8000")
SENTRY_URL_PREFIX_GIVEN = bool(env.text("SENTRY_URL_PREFIX"))

SILO_MODE = env.choice("SILO_MODE", "MONOLITH", among=("MONOLITH", "CONTROL", "REGION"))
SENTRY_REGION = env.text("SENTRY_REGION", "monolith")
SENTRY_REGION_ID = env.number("SENTRY_REGION_ID", 0, low=0, high=31)

# Secrets of signed requests (JSON, see docs/authentication.md). Unset: every one is refused.
SCM_SHARED_SECRETS = env.text("SCM_SHARED_SECRETS")
# Hosts (names, addresses or CIDRs) that integrations may reach though they are private.
SCM_ALLOWED_HOSTS = env.words("SCM_ALLOWED_HOSTS")
# Where git mirrors of repositories are kept; they can be made again.
SCM_MIRRORS_DIR = env.text("SCM_MIRRORS_DIR") or str(SENTRY_HOME / "mirrors")

REDIS_URL = env.text("REDIS_URL")
REDIS_PREFIX = env.text("SENTRY_REDIS_PREFIX", "sentry:")
AMQP_URL = env.text("AMQP_URL")
KAFKA_URL = env.text("KAFKA_URL")

# What carries the messages of background work; EMBEDDED: nothing, a child of the web server looks
# for rows. The modules are those whose import declares the tasks.
TASK_BROKER = env.choice("SENTRY_TASK_BROKER", "EMBEDDED", among=("EMBEDDED", "REDIS", "AMQP"))
TASK_QUEUE_PREFIX = env.text("SENTRY_TASK_QUEUE_PREFIX", "sentry.")
TASK_MODULES = ["sentry.tasks"]

WEB_THREADS = env.number("SENTRY_WEB_THREADS", 4, low=1, high=64)
DATABASES = {
    "default": database(
        env.text("DATABASE_URL"), default=home.database_file(), pool_size=WEB_THREADS + 2
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    home.make_database_file(DATABASES["default"]["NAME"])
DATABASE_ROUTERS = ["sentry.silo.router.SiloRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ATOMIC_REQUESTS = False

AUTH_USER_MODEL = "sentry.User"
AUTHENTICATION_BACKENDS = ["sentry.auth.passwords.PasswordBackend"]
# How many proxies of ours add to X-Forwarded-For; 0: the address is the connection's.
TRUSTED_PROXIES = env.number("SENTRY_TRUSTED_PROXIES", 0, low=0, high=8)
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "rest_framework",
    "drf_spectacular",
    "sentry",
]
MIDDLEWARE = [
    "sentry.api.middleware.observe_requests",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
# The operators' pages are the only ones made of templates.
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "sentry.api.errors.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SENTRY_URL_PREFIX.startswith("https://")
# A proxy that ends TLS leaves plain HTTP for us: pages of our own address may still post to it.
CSRF_TRUSTED_ORIGINS = [env.origin("SENTRY_URL_PREFIX", SENTRY_URL_PREFIX)]
SECURE_CONTENT_TYPE_NOSNIFF = True

ROOT_URLCONF = "sentry.urls"
WSGI_APPLICATION = "sentry.wsgi.application"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
STATIC_URL = "/static/"
APPEND_SLASH = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["sentry.api.authentication.CallerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["sentry.api.permissions.NoAccess"],
    "DEFAULT_RENDERER_CLASSES": ["sentry.api.renderers.TotalJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["sentry.api.parsers.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "sentry.api.errors.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Sentry API",
    "VERSION": "0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/0",
}

# Where unhandled errors are reported; empty: to the log alone. SENTRY_DSN, which other programs on
# the machine may mean for themselves, is not read.
SENTRY_SDK_DSN = check_dsn(env.text("SENTRY_SDK_DSN"))
SENTRY_SDK_ENVIRONMENT = env.text("SENTRY_SDK_ENVIRONMENT", "production")

# Who may read /_metrics: the bearer of the token, or, without one, these addresses.
METRICS_TOKEN = env.text("SENTRY_METRICS_TOKEN")
METRICS_ALLOWED = env.networks("SENTRY_METRICS_ALLOWED", "127.0.0.0/8,::1")

LOG_LEVEL = env.choice(
    "SENTRY_LOG_LEVEL", "INFO", among=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
)
LOG_FORMAT = env.choice("SENTRY_LOG_FORMAT", "CONSOLE", among=("CONSOLE", "JSON")).lower()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "console": {"()": "sentry.utils.logging.StructuredFormatter"},
        "json": {"()": "sentry.utils.logging.JSONFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "urllib3": {"level": "ERROR"},  # its retries of a report are not news
        # A 404 is no news either: metrics count it, and the access log tells of it.
        "django.request": {"level": "ERROR"},
        # The operators' pages tell of it themselves, on one line.
        "django.security.DisallowedModelAdminLookup": {"level": "CRITICAL"},
        "django.security.DisallowedModelAdminToField": {"level": "CRITICAL"},
    },
}
