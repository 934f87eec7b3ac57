"""WS-Management envelopes in and out: the part of [MS-WSMV] that a remote command needs, pure bytes to values."""

from __future__ import annotations

import re
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

MAX_ENVELOPE_BYTES = 153_600  # MaxEnvelopeSizekb 150, scvmm facts and Microsoft's WinRM quotas page
MAX_TIMEOUT_S = 60.0  # MaxTimeoutms 60,000, same page

# Codes of wsmerror.h (unsigned), and two of winerror.h.
ACCESS_DENIED = 5
INVALID_PARAMETER = 87
OPERATION_TIMED_OUT = 2150858793
QUOTA_LIMIT = 2150858815
INVALID_XML = 2150858819
ENVELOPE_TOO_LARGE = 2150858825
SHELL_NOT_FOUND = 2150858843
INVALID_ACTION = 2150858753
QUOTA_MAX_SHELLS = 2150859173
QUOTA_MAX_OPERATIONS = 2150859174

_NAMESPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
    "p": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
}
_XMLNS = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _NAMESPACES.items())
_SHELL_URI = _NAMESPACES["rsp"]
_FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")


class Fault(Exception):
    """What the service refuses: `code` of wsmerror.h, `subcode` such as "w:QuotaLimit", `reason` a sentence."""

    def __init__(self, code: int, subcode: str, reason: str) -> None:
        super().__init__(code, subcode, reason)
        self.code = code
        self.subcode = subcode
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Request:
    """One envelope. `verb` is the last part of its action: Create, Command, Send, Receive, Signal or Delete."""

    action: str
    message_id: str
    shell_id: str
    timeout_s: float
    envelope_bytes: int
    body: ET.Element

    @property
    def verb(self) -> str:
        return self.action.rpartition("/")[2]

    def find(self, path: str) -> ET.Element | None:
        """The element at `path` of the body, in the prefixes s, a, x, w and rsp."""
        return self.body.find(path, _NAMESPACES)

    def text(self, path: str) -> str:
        element = self.find(path)
        return (element.text or "") if element is not None else ""


def parse(envelope: bytes) -> Request:
    """Read an envelope; raises Fault when it is too large or no SOAP."""
    if len(envelope) > MAX_ENVELOPE_BYTES:
        raise Fault(ENVELOPE_TOO_LARGE, "w:EncodingLimit", "The request is larger than the maximum envelope size.")
    try:
        root = ET.fromstring(envelope)  # noqa: S314 - a lab on loopback; expat itself stops entity bombs
    except ET.ParseError:
        raise Fault(INVALID_XML, "w:SchemaValidationError", "The request is not well-formed XML.") from None
    body = root.find("s:Body", _NAMESPACES)
    if body is None:
        raise Fault(INVALID_XML, "w:SchemaValidationError", "The request has no SOAP body.")
    return Request(
        action=_header(root, "a:Action"),
        message_id=_header(root, "a:MessageID"),
        shell_id=_header(root, "w:SelectorSet/w:Selector[@Name='ShellId']"),
        timeout_s=min(seconds(_header(root, "w:OperationTimeout"), MAX_TIMEOUT_S), MAX_TIMEOUT_S),
        envelope_bytes=min(int(_header(root, "w:MaxEnvelopeSize") or MAX_ENVELOPE_BYTES), MAX_ENVELOPE_BYTES),
        body=body,
    )


def _header(root: ET.Element, path: str) -> str:
    element = root.find(f"s:Header/{path}", _NAMESPACES)
    return (element.text or "") if element is not None else ""


def seconds(duration: str, default_s: float) -> float:
    """The seconds of an xs:duration such as "PT1M30S"; `default_s` for anything else."""
    match = _DURATION.fullmatch(duration)
    if match is None or not any(match.groups()):
        return default_s
    hours, minutes, rest = match.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(rest or 0)


def answer(request: Request, body: str) -> bytes:
    """The envelope that answers `request` with `body` (XML in the prefixes above)."""
    return _envelope(f"{request.action}Response", request.message_id, body)


def fault(error: Fault, message_id: str) -> bytes:
    """The envelope that refuses; goes out with HTTP status 500."""
    body = (
        f"<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>{error.subcode}</s:Value></s:Subcode>"
        f'</s:Code><s:Reason><s:Text xml:lang="en-US">{escape(error.reason)}</s:Text></s:Reason><s:Detail>'
        f'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{error.code}" '
        f'Machine="localhost"><f:Message>{escape(error.reason)}</f:Message></f:WSManFault></s:Detail></s:Fault>'
    )
    return _envelope(_FAULT_ACTION, message_id, body)


def _envelope(action: str, relates_to: str, body: str) -> bytes:
    return (
        f'<s:Envelope xml:lang="en-US" {_XMLNS}><s:Header><a:Action>{escape(action)}</a:Action>'
        f"<a:MessageID>uuid:{uuid.uuid4()}</a:MessageID>"
        "<a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>"
        f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def shell_created(shell_id: str) -> str:
    return (
        "<x:ResourceCreated><a:Address>http://localhost/wsman</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{_SHELL_URI}/cmd</w:ResourceURI><w:SelectorSet>"
        f'<w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet></a:ReferenceParameters>'
        "</x:ResourceCreated>"
        f"<rsp:Shell><rsp:ShellId>{shell_id}</rsp:ShellId></rsp:Shell>"
    )


def command_begun(command_id: str) -> str:
    return f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"


def output(command_id: str, streams: list[tuple[str, str]], exit_code: int | None) -> str:
    """The body of a Receive answer: pieces (name, base64) and, with an exit code, the end of the command."""
    pieces = [
        f'<rsp:Stream Name={quoteattr(name)} CommandId="{command_id}">{piece}</rsp:Stream>' for name, piece in streams
    ]
    state = "Running" if exit_code is None else "Done"
    code = "" if exit_code is None else f"<rsp:ExitCode>{exit_code}</rsp:ExitCode>"
    state_uri = f"{_SHELL_URI}/CommandState/{state}"
    pieces.append(f'<rsp:CommandState CommandId="{command_id}" State="{state_uri}">{code}</rsp:CommandState>')
    return f"<rsp:ReceiveResponse>{''.join(pieces)}</rsp:ReceiveResponse>"
