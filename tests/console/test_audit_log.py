"""The page of the audit log and what is recorded of people; that nothing of it can be changed or removed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from console.people import change_role
from hosts.access import Role
from hosts.audit import Actor, Deed, acting, record
from hosts.audit_guard import guard
from hosts.audit_models import AuditLogIsAppendOnly
from hosts.models import AuditRecord
from tests.people import person

FROM = "192.0.2.1"


@pytest.fixture
def boss(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def row(db: None) -> AuditRecord:
    with acting(Actor("anna", FROM)):
        record(Deed.JOB_LIMIT, "Job 7: Move WEB01", {"limit": "none", "same": 1}, {"limit": "10 MB/s", "same": 1})
    return AuditRecord.objects.get()


def latest() -> AuditRecord:
    return AuditRecord.objects.all()[0]


def test_a_record_has_who_when_from_where_what_before_and_after(row: AuditRecord) -> None:
    assert (row.who, row.address, row.get_deed_display(), row.about) == (
        "anna",
        FROM,
        "Changed the bandwidth limit",
        "Job 7: Move WEB01",
    )
    assert (row.before, row.after) == ({"limit": "none"}, {"limit": "10 MB/s"})
    assert timezone.now() - row.at < timedelta(minutes=1)


def test_without_a_person_it_was_ferry(db: None) -> None:
    record(Deed.HOST_ADDED, "Host HV01")

    assert (latest().who, latest().address) == ("Ferry", "")


def test_the_code_neither_changes_nor_removes_a_record(row: AuditRecord) -> None:
    row.who = "somebody else"

    for verb in (row.save, row.delete, AuditRecord.objects.all().delete, lambda: AuditRecord.objects.update(who="x")):
        with pytest.raises(AuditLogIsAppendOnly):
            verb()


@pytest.mark.parametrize("statement", ["UPDATE hosts_auditrecord SET who = 'x'", "DELETE FROM hosts_auditrecord"])
def test_the_database_neither_changes_nor_removes_a_record(row: AuditRecord, statement: str) -> None:
    guard(connection)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert AuditRecord.objects.get().who == "anna"


def test_the_guard_is_set_up_by_the_migrations(row: AuditRecord) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE hosts_auditrecord SET who = 'x'")


def test_a_change_that_is_taken_back_leaves_no_record(admin: User) -> None:
    with transaction.atomic():
        change_role(person("anna", None), Role.MANAGER)
        transaction.set_rollback(True)

    assert not AuditRecord.objects.exists()


def test_signing_in_and_out_is_recorded_with_the_address(client: Client, admin: User) -> None:
    admin.set_password("correct horse battery")
    admin.save()

    for password in ("wrong", "correct horse battery"):
        client.post(reverse("sign-in"), {"username": "admin", "password": password}, REMOTE_ADDR=FROM)
    client.post(reverse("sign-out"), REMOTE_ADDR=FROM)

    rows = AuditRecord.objects.order_by("pk").values_list("deed", "who", "about", "address")
    assert list(rows) == [
        ("sign-in-failed", "Somebody unknown", "User admin", FROM),
        ("sign-in", "admin", "User admin", FROM),
        ("sign-out", "admin", "User admin", FROM),
    ]


def test_every_verb_about_users_is_recorded(boss: Client) -> None:
    boss.post(reverse("user-add"), {"name": "anna", "role": "Manager"})
    anna = User.objects.get(username="anna")
    boss.post(reverse("user-page", args=[anna.pk]), {"role": "Help Desk"})
    for verb in ("disable", "enable", "reset"):
        boss.post(reverse(f"user-{verb}", args=[anna.pk]))

    rows = AuditRecord.objects.order_by("pk")
    assert [row.deed for row in rows] == [
        "user-added",
        "user-changed",
        "user-disabled",
        "user-enabled",
        "password-reset",
    ]
    assert {(row.who, row.about) for row in rows} == {("admin", "User anna")}
    assert (rows[1].before, rows[1].after) == ({"role": "Manager"}, {"role": "Help Desk"})


def test_the_page_is_narrowed_by_everything(boss: Client, row: AuditRecord) -> None:
    today = timezone.localdate()
    day = timedelta(days=1)
    fits = {"who": "ANN", "deed": "job-limit", "about": "web01", "since": str(today), "until": str(today)}
    others = {"who": "max", "deed": "sign-in", "about": "WEB02", "since": str(today + day), "until": str(today - day)}

    assert "Job 7: Move WEB01" in boss.get(reverse("audit-log"), fits).content.decode()
    for name, value in others.items():
        text = boss.get(reverse("audit-log"), {**fits, name: value}).content.decode()
        assert "Job 7: Move WEB01" not in text, name


@pytest.mark.parametrize("nonsense", ["x", "2026-13-45", "9999-12-31", "0001-01-01", "<script>"])
def test_nonsense_in_the_address_narrows_nothing(boss: Client, row: AuditRecord, nonsense: str) -> None:
    query = {"deed": nonsense, "since": nonsense, "until": nonsense, "page": nonsense}

    assert "Job 7: Move WEB01" in boss.get(reverse("audit-log"), query).content.decode()


def test_the_file_has_the_same_rows_and_runs_nothing(boss: Client, row: AuditRecord) -> None:
    record(Deed.USER_ADDED, "=cmd|'/c calc'!A1")

    lines = boss.get(reverse("audit-log-csv"), {"who": "anna"}).content.decode().splitlines()
    every = boss.get(reverse("audit-log-csv")).content.decode()

    assert len(lines) == 2
    assert "anna,192.0.2.1,Changed the bandwidth limit,Job 7: Move WEB01,limit: none,limit: 10 MB/s" in lines[1]
    assert "'=cmd|" in every


def test_a_long_log_comes_in_pages_and_few_queries(
    boss: Client, row: AuditRecord, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    AuditRecord.objects.bulk_create(AuditRecord(who=f"user{n}", deed=Deed.SIGN_IN, about="x") for n in range(250))

    with django_assert_max_num_queries(14):
        text = boss.get(reverse("audit-log"), {"page": "3"}).content.decode()

    assert "Job 7: Move WEB01" in text
    assert "201 to <span data-last>251</span> of 251" in text
