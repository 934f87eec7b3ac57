"""What names of hosts and groups, addresses and certificates may look like, with sentences for those that may not."""

from __future__ import annotations

import ipaddress
import re
import unicodedata

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from django.core.exceptions import ValidationError

_NAME = re.compile(r"\w[\w .()-]*", re.ASCII)
# Control characters, surrogates, separators of lines; embeddings and isolates of the direction, zero-width spaces.
_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}
_TURNS = set("\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")


def validate_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValidationError("A host's name is made of letters, digits, spaces, dots, hyphens and brackets.")


def validate_group_name(name: str) -> None:
    """Any script and any sign, but nothing that cannot be seen or that turns the text around it."""
    if any(unicodedata.category(char) in _UNSEEN or char in _TURNS for char in name):
        raise ValidationError("The name has characters that cannot be seen. Type it again instead of pasting it.")
    if not any(unicodedata.category(char)[0] in "LNPS" for char in name):
        raise ValidationError("Give the group a name that can be seen.")


def validate_address(address: str) -> None:
    if not (_is_ip(address) or _is_dns_name(address)):
        raise ValidationError("Enter a DNS name such as hv01.example.com or an IP address, without the port.")


def validate_certificates(pem: str) -> None:
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        found = []
    if not found:
        raise ValidationError("This is no certificate in PEM form: it begins with -----BEGIN CERTIFICATE-----.")


def validate_host_key(key: str) -> None:
    try:
        serialization.load_ssh_public_key(key.strip().encode())
    except (ValueError, UnsupportedAlgorithm):
        text = "This is no public key of an SSH host: it looks like ssh-ed25519 AAAA..., as ssh-keyscan shows it."
        raise ValidationError(text) from None


def _is_ip(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True


def _is_dns_name(address: str) -> bool:
    labels = address.rstrip(".").split(".")
    # A name whose last label is a number is a mistyped IP address, not a name.
    return all(_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()
