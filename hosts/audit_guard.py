"""The database's own guard of the audit log: it refuses to change or remove a row, whoever asks.

Whoever may change the tables themselves can take it away: on PostgreSQL give Ferry an account that does not own them.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "hosts_auditrecord"
_SENTENCE = "The audit log is append-only."

_SQLITE = [
    f"CREATE TRIGGER IF NOT EXISTS audit_no_{verb.lower()} BEFORE {verb} ON {TABLE} "
    f"BEGIN SELECT RAISE(ABORT, '{_SENTENCE}'); END"
    for verb in ("UPDATE", "DELETE")
]
_POSTGRESQL = [
    f"""CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{_SENTENCE}'; END $$""",
    f"DROP TRIGGER IF EXISTS audit_guard ON {TABLE}",
    f"""CREATE TRIGGER audit_guard BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()""",
]
_STATEMENTS = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}


def guard(connection: BaseDatabaseWrapper) -> None:
    """Set it up; twice does no harm."""
    with connection.cursor() as cursor:
        for statement in _STATEMENTS[connection.vendor]:
            cursor.execute(statement)
