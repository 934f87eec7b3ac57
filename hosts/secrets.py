"""Credentials at rest: encrypted with keys that are kept outside the database."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

from hosts.providers.types import Secret


class KeyMissing(Exception):
    """None of our keys opens this credential; it has to be entered again."""


class SealedSecret(Secret):
    """A Secret as it lies in the database: opened by `reveal()`, so that a lost key spoils a connection, not a page."""

    __slots__ = ()

    @property
    def token(self) -> str:
        return self._value

    def reveal(self) -> str:
        """The secret itself. Raises KeyMissing."""
        try:
            return _box().decrypt(self._value.encode()).decode()
        except InvalidToken:
            raise KeyMissing("No key in the keys file opens this credential.") from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())


class SecretField(models.TextField[Secret, Secret]):
    """A Secret, stored as a Fernet token; the first of CREDENTIAL_KEYS encrypts, all of them decrypt."""

    def get_prep_value(self, value: Secret | None) -> str | None:
        if value is None:
            return None
        try:
            return _box().encrypt(value.reveal().encode()).decode("ascii")
        except KeyMissing:
            assert isinstance(value, SealedSecret)
            return value.token

    def from_db_value(self, value: str | None, *_args: Any) -> Secret | None:
        return None if value is None else SealedSecret(value)

    def to_python(self, value: Any) -> Secret | None:
        return value if value is None or isinstance(value, Secret) else Secret(str(value))

    def value_to_string(self, obj: models.Model) -> str:
        del obj
        return "*****"


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.CREDENTIAL_KEYS])
