"""Passwords are encrypted at rest; keys are rotated; a lost key spoils no page."""

from __future__ import annotations

import pickle

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.db import connection
from pytest_django import Settings

from hosts.models import Host
from hosts.providers.types import Secret
from hosts.secrets import KeyMissing
from tests.hosts.memory import PASSWORD


def stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM hosts_host")
        return str(cursor.fetchone()[0])


def test_the_row_does_not_contain_the_password(hv01: Host) -> None:
    assert PASSWORD.reveal() not in stored()
    assert stored().startswith("gAAAA")
    assert Host.objects.get().password.reveal() == PASSWORD.reveal()


def test_a_password_never_shows_itself(hv01: Host) -> None:
    host = Host.objects.get()
    shown = f"{host.password} {host.password!r} {serializers.serialize('json', [host])} {vars(host)}"

    assert PASSWORD.reveal() not in shown


def test_two_equal_passwords_look_different_at_rest(hv01: Host, hv02: Host) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM hosts_host")
        assert len(set(cursor.fetchall())) == 2


def test_a_new_first_key_opens_the_old_and_writes_the_new(hv01: Host, settings: Settings) -> None:
    old, new = settings.CREDENTIAL_KEYS, Fernet.generate_key().decode()
    settings.CREDENTIAL_KEYS = [new, *old]
    Host.objects.get().save()

    settings.CREDENTIAL_KEYS = [new]

    assert Host.objects.get().password == PASSWORD


def test_without_the_key_a_host_can_be_read_and_saved_but_its_password_not_opened(
    hv01: Host, settings: Settings
) -> None:
    token, old = stored(), settings.CREDENTIAL_KEYS
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]

    host = Host.objects.get()
    host.save()

    assert stored() == token
    with pytest.raises(KeyMissing):
        host.password.reveal()
    settings.CREDENTIAL_KEYS = old
    assert Host.objects.get().password == PASSWORD


def test_secrets_are_equal_by_what_they_hide(hv01: Host) -> None:
    sealed = Host.objects.get().password

    assert sealed == PASSWORD
    assert sealed == PASSWORD
    assert sealed != Secret("other")
    assert hash(sealed) == hash(PASSWORD)
    assert pickle.loads(pickle.dumps(sealed)) == PASSWORD
