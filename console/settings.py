"""Every setting of Ferry, read from the environment once, typed. The table is in docs/settings.md."""

from __future__ import annotations

import os
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import django_stubs_ext
from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.contrib.messages import constants as levels
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from console.databases import postgresql
from console.keys import load_or_create

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent


def _text(name: str, default: str) -> str:
    return os.environ.get(f"FERRY_{name}", default)


def _list(name: str, default: str) -> list[str]:
    return [part.strip() for part in _text(name, default).split(",") if part.strip()]


def _int(name: str, default: int) -> int:
    return int(_text(name, str(default)))


def _networks(name: str) -> list[str]:
    try:
        return [str(ip_network(given)) for given in _list(name, "")]
    except ValueError as error:
        raise ImproperlyConfigured(f"FERRY_{name}: {error}.") from None


def _checked_probes(probes: list[str]) -> list[str]:
    for probe in probes:
        if probe != "ping" and not (probe.isdecimal() and 0 < int(probe) < 65536):
            raise ImproperlyConfigured(f"FERRY_PROBES: {probe} is neither ping nor the number of a TCP port.")
    return probes


VAR_DIR = Path(_text("VAR", str(BASE_DIR / "var")))
DEBUG = _text("DEBUG", "no") == "yes"
SECRET_KEY = load_or_create(VAR_DIR / "keys" / "django", get_random_secret_key)
CREDENTIAL_KEYS = load_or_create(VAR_DIR / "keys" / "credentials", lambda: Fernet.generate_key().decode()).split()
ALLOWED_HOSTS = _list("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = _list("TRUSTED_ORIGINS", "")
HTTPS_ONLY = _text("HTTPS_ONLY", "no") == "yes"
PROXIES = _list("PROXIES", "")

DATABASE_URL = _text("DATABASE_URL", "")
BROKER_URL = _text("BROKER_URL", "memory://localhost/")
CHANNEL_REDIS_URL = _text("CHANNEL_REDIS_URL", "")

REFRESH_EVERY_S = _int("REFRESH_EVERY_S", 60)
SWEEP_EVERY_S = _int("SWEEP_EVERY_S", 2)
SAMPLES_KEEP_H = _int("SAMPLES_KEEP_H", 24)
AVERAGES_KEEP_D = _int("AVERAGES_KEEP_D", 90)
ROLL_UP_EVERY_S = _int("ROLL_UP_EVERY_S", 600)
HISTORY_KEEP_D = _int("HISTORY_KEEP_D", 365)
LEASE_S = _int("LEASE_S", 8)
WORKER_THREADS = _int("WORKER_THREADS", 14)
QUEUE_PATIENCE_S = _int("QUEUE_PATIENCE_S", 1800)
POLL_MS = _int("POLL_MS", 1000)
OUTAGE_DEADLINE_MIN_S = _int("OUTAGE_DEADLINE_MIN_S", 60)
SHUT_DOWN_WITHIN_S = _int("SHUT_DOWN_WITHIN_S", 300)
PROBES = _checked_probes(_list("PROBES", "ping,5985,445,3389,443,80,22"))
LAB_NETWORKS = _networks("LAB_NETWORKS")

INSTALLED_APPS = [
    "daphne",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "channels",
    "lucide",
    "console",
    "hosts",
    "migrations_app",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "console.door.refuse_null_bytes",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "console.door.remember_actor",
    "console.door.Door",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "console.door.explain_wrong_method",
]

# Every box of the longest list may be checked; whoever may not be so many at once says so.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 25_000

ROOT_URLCONF = "console.urls"
ASGI_APPLICATION = "console.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "console.right_to_left.Templates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "console.door.may",
            ],
        },
    },
]

_WAIT_FOR_A_LOCK_S = 6  # shorter than a lease: whoever waits for the database notices that it was lost
_SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": VAR_DIR / "ferry.sqlite3",
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": _WAIT_FOR_A_LOCK_S,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    },
    "TEST": {"NAME": VAR_DIR / "test.sqlite3"},
}
# A worker that stops in the middle of a transaction must not keep a job's row from the others.
_POSTGRESQL_TIMEOUTS = f"-c lock_timeout={_WAIT_FOR_A_LOCK_S}s -c idle_in_transaction_session_timeout=10s"
DATABASES = {"default": postgresql(DATABASE_URL, _POSTGRESQL_TIMEOUTS) if DATABASE_URL else _SQLITE}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "start"
LOGOUT_REDIRECT_URL = "sign-in"
CSRF_FAILURE_VIEW = "console.views_sign_in.stale_form"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# The tones of static/css/parts.css.
MESSAGE_TAGS = {levels.INFO: "busy", levels.SUCCESS: "ok", levels.WARNING: "warn", levels.ERROR: "bad"}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = _text("TIME_ZONE", "UTC")
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True

_REDIS_LAYER = {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [CHANNEL_REDIS_URL]}}
_MEMORY_LAYER = {"BACKEND": "channels.layers.InMemoryChannelLayer"}
CHANNEL_LAYERS = {"default": _REDIS_LAYER if CHANNEL_REDIS_URL else _MEMORY_LAYER}

CELERY_BROKER_URL = BROKER_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.1} if BROKER_URL.startswith("memory:") else {}
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "migrations_app.tasks.sweep",
        "schedule": timedelta(seconds=SWEEP_EVERY_S),
        "options": {"expires": SWEEP_EVERY_S * 5},
    },
    "refresh": {
        "task": "hosts.tasks.refresh_all",
        "schedule": timedelta(seconds=REFRESH_EVERY_S),
        "options": {"expires": REFRESH_EVERY_S},
    },
    "forget-old-jobs": {
        "task": "migrations_app.tasks.forget_old_jobs",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    "keep-loads": {
        "task": "hosts.tasks.keep_loads",
        "schedule": timedelta(seconds=ROLL_UP_EVERY_S),
        "options": {"expires": ROLL_UP_EVERY_S},
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"short": {"()": "console.log_lines.ShortRefusals"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["short"]}},
    "root": {"handlers": ["console"], "level": _text("LOG_LEVEL", "WARNING")},
}
