"""The certificate, key and token by which one host serves one job's files: made by the console, for this job only."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hosts.providers.types import Secret

_DAYS = 30


@dataclass(frozen=True, slots=True)
class ServingCertificate:
    """`fingerprint`: SHA-256 of the certificate (DER), lower-case hex; the reading host knows the other by it alone,
    so that neither names nor the hosts' clocks have a say."""

    certificate_pem: str
    key_pem: Secret
    token: Secret
    fingerprint: str


def new_serving_certificate() -> ServingCertificate:
    """EC P-256, signed by itself, valid from yesterday on (clocks differ) for 30 days; a token of 256 bits."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ferry")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=_DAYS))
    certificate = builder.sign(key, hashes.SHA256())
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return ServingCertificate(
        certificate_pem=certificate.public_bytes(serialization.Encoding.PEM).decode("ascii"),
        key_pem=Secret(key_pem.decode("ascii")),
        token=Secret(secrets.token_urlsafe(32)),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
    )
