"""The certificate of a job's serving process."""

from __future__ import annotations

import hashlib
import ssl
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from hosts.providers.libvirt.serving_certificate import new_serving_certificate


def test_a_certificate_is_known_by_its_fingerprint_and_valid_for_a_month() -> None:
    made = new_serving_certificate()

    certificate = x509.load_pem_x509_certificate(made.certificate_pem.encode())
    key = certificate.public_key()
    assert hashlib.sha256(ssl.PEM_cert_to_DER_cert(made.certificate_pem)).hexdigest() == made.fingerprint
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    assert certificate.not_valid_before_utc < datetime.now(UTC) < certificate.not_valid_after_utc
    assert certificate.not_valid_after_utc - datetime.now(UTC) < timedelta(days=31)


def test_no_two_are_alike_and_none_shows_its_secrets() -> None:
    first, second = new_serving_certificate(), new_serving_certificate()

    assert first.token != second.token
    assert first.fingerprint != second.fingerprint
    assert len(first.token.reveal()) >= 43
    assert first.token.reveal() not in repr(first)
    assert "PRIVATE" not in repr(first)
