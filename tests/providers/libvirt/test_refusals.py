"""libvirt's errors by code and by text, and its numbers."""

from __future__ import annotations

import pytest

from hosts.providers import errors
from hosts.providers.libvirt import constants
from hosts.providers.libvirt.constants import ErrorCode
from hosts.providers.libvirt.refusals import FROM_RPC, LibvirtFailure, refusal_of

QEMU = 10


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (ErrorCode.NO_DOMAIN, "Domain not found", errors.NotFound),
        (ErrorCode.DOM_EXIST, "domain already exists", errors.AlreadyExists),
        (ErrorCode.OPERATION_FAILED, "domain 'A' already exists with uuid 1", errors.AlreadyExists),
        (ErrorCode.OPERATION_INVALID, "domain is not running", errors.WrongState),
        (ErrorCode.OPERATION_TIMEOUT, "cannot acquire state change lock", errors.WrongState),
        (ErrorCode.CPU_INCOMPATIBLE, "guest and host CPU are not compatible", errors.Incompatible),
        (ErrorCode.CONFIG_UNSUPPORTED, "Emulator does not support machine type 'x'", errors.Incompatible),
        (
            ErrorCode.INTERNAL_ERROR,
            "qemu: cannot set up guest memory 'pc.ram': Cannot allocate",
            errors.NotEnoughMemory,
        ),
        (ErrorCode.OPERATION_FAILED, "Failed to write: No space left on device", errors.NotEnoughSpace),
        (ErrorCode.ACCESS_DENIED, "access denied", errors.AccessDenied),
        (ErrorCode.INTERNAL_ERROR, "something else", errors.Refused),
        (ErrorCode.INTERNAL_ERROR, "client socket is closed", errors.HostUnreachable),
    ],
)
def test_a_refusal_has_the_word_that_an_operator_can_act_on(code: int, text: str, kind: type[Exception]) -> None:
    refusal = refusal_of("KVM01", LibvirtFailure(code, QEMU, text))

    assert type(refusal) is kind
    assert str(refusal) == f"KVM01: libvirt says: {text}."


@pytest.mark.parametrize(
    ("code", "domain", "text", "kind"),
    [
        (
            ErrorCode.SYSTEM_ERROR,
            FROM_RPC,
            "unable to connect to server at 'kvm:16514': timed out",
            errors.HostUnreachable,
        ),
        (ErrorCode.SYSTEM_ERROR, FROM_RPC, "The server certificate has no known issuer", errors.CertificateUntrusted),
        (ErrorCode.AUTH_FAILED, FROM_RPC, "authentication failed: no", errors.AccessDenied),
        (ErrorCode.INTERNAL_ERROR, 0, "anything", errors.HostUnreachable),
    ],
)
def test_what_fails_while_a_connection_is_made_has_another(
    code: int, domain: int, text: str, kind: type[Exception]
) -> None:
    assert type(refusal_of("KVM01", LibvirtFailure(code, domain, text), is_opening=True)) is kind


def test_a_missing_file_is_not_found_by_its_number() -> None:
    failure = LibvirtFailure(ErrorCode.SYSTEM_ERROR, QEMU, "Failed to open '/a'", number=2)

    assert type(refusal_of("KVM01", failure)) is errors.NotFound


@pytest.mark.parametrize(
    ("numbers", "prefix"),
    [
        (constants.ErrorCode, "VIR_ERR_"),
        (constants.DomainState, "VIR_DOMAIN_"),
        (constants.PausedReason, "VIR_DOMAIN_PAUSED_"),
        (constants.XmlFlag, "VIR_DOMAIN_XML_"),
        (constants.Affect, "VIR_DOMAIN_AFFECT_"),
        (constants.SnapshotFlag, "VIR_DOMAIN_SNAPSHOT_CREATE_"),
        (constants.UndefineFlag, "VIR_DOMAIN_UNDEFINE_"),
        (constants.MigrateFlag, "VIR_MIGRATE_"),
        (constants.StatsFlag, "VIR_DOMAIN_STATS_"),
    ],
)
def test_the_numbers_are_libvirts(numbers: type[constants.ErrorCode], prefix: str) -> None:
    libvirt = pytest.importorskip("libvirt")

    assert {each.name: getattr(libvirt, prefix + each.name) for each in numbers} == {
        each.name: each.value for each in numbers
    }
