"""The real server with a job whose log grows by one event a second: what watchers of a job receive."""

from __future__ import annotations

import threading
import time

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection

from console.first_run import migrate_database
from console.server import serve, take_endpoint
from migrations_app.events import add_event
from migrations_app.models import MigrationJob
from scripts.benchmarks.make_jobs import A_PLAN

EVENT_EVERY_S = 1.0


def main() -> None:
    """Prints the address, the session key of a signed-in user and the job's number on one line, then serves."""
    migrate_database()
    job, session_key = _job(), _session_key()
    listener = take_endpoint("127.0.0.1", 0)
    port = listener.getsockname()[1]
    ended = threading.Event()
    ticking = threading.Thread(target=_tick, args=(job.pk, ended), daemon=True)

    def on_ready() -> None:
        ticking.start()
        print(f"http://127.0.0.1:{port}/ {session_key} {job.pk}", flush=True)

    serve(listener, on_ready, ended.set)


def _tick(job_pk: int, ended: threading.Event) -> None:
    """Each event tells in its text when it was written; only what is written after that is delivery."""
    while not ended.wait(EVENT_EVERY_S):
        add_event(job_pk, f"tick {time.time():.6f}")
    connection.close()


def _job() -> MigrationJob:
    plan = A_PLAN
    return MigrationJob.objects.create(
        vm_uid=plan.vm_uid,
        vm_name=plan.vm_name,
        source_name=plan.source_name,
        target_name=plan.target_name,
        plan=plan.to_json(),
        status=MigrationJob.Status.RUNNING,
    )


def _session_key() -> str:
    user = User.objects.create_superuser("watcher", password=None)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    assert session.session_key is not None
    return session.session_key
