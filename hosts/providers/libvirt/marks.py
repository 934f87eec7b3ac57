"""A job's mark on a domain: one element of its metadata, and the lines of notes that the engine reads instead."""

from __future__ import annotations

from dataclasses import dataclass, fields
from xml.etree import ElementTree as ET

NAMESPACE = "https://ferry.dev/xmlns/libvirt/1"
PREFIX = "ferry"
STARTS, HELD = "Start", "Nothing"
_JOB = f"{{{NAMESPACE}}}job"


@dataclass(frozen=True, slots=True)
class Mark:
    """`start_action` is what the domain's was when it was marked. `start_ordered_by`: the tag, once its start was
    ordered here. `live_path`: the file with the XML of the running domain, kept while it is saved or being taken over;
    `state_path`: where its saved state lies. `memory_sent_to`: the host that its memory is being sent to, or was."""

    tag: str
    start_action: str
    start_ordered_by: str | None = None
    live_path: str | None = None
    state_path: str | None = None
    memory_sent_to: str | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """As Hyper-V has them in a VM's notes."""
        first = f"{self.tag} start-action={self.start_action}"
        return (first, f"{self.tag} start-ordered") if self.start_ordered_by == self.tag else (first,)

    def to_xml(self) -> str:
        """The element as virDomainSetMetadata takes it: libvirt declares the namespace by itself."""
        element = ET.Element("job", {name: value for name, value in self._attributes() if value is not None})
        return ET.tostring(element, encoding="unicode")

    def to_element(self) -> ET.Element:
        """The element as it stands in a domain's XML."""
        return ET.Element(_JOB, {name: value for name, value in self._attributes() if value is not None})

    def _attributes(self) -> list[tuple[str, str | None]]:
        return [(field.name, getattr(self, field.name)) for field in fields(self)]


def mark_of(domain: ET.Element) -> Mark | None:
    """The mark in the XML of a domain."""
    element = domain.find(f"metadata/{_JOB}")
    if element is None or not element.get("tag"):
        return None
    known = {field.name for field in fields(Mark)}
    given = {name: value for name, value in element.attrib.items() if name in known}
    return Mark(**{"start_action": STARTS, **given})


def without_mark(domain: ET.Element) -> None:
    """Take the mark out of the XML of a domain."""
    metadata = domain.find("metadata")
    for element in [] if metadata is None else metadata.findall(_JOB):
        metadata.remove(element) if metadata is not None else None


def with_mark(domain: ET.Element, mark: Mark) -> None:
    """Put the mark into the XML of a domain, in place of the one that is there."""
    without_mark(domain)
    metadata = domain.find("metadata")
    if metadata is None:
        metadata = ET.SubElement(domain, "metadata")
    metadata.append(mark.to_element())


def notes_of(domain: ET.Element) -> str:
    """The domain's description and the lines of its mark."""
    mark = mark_of(domain)
    description = domain.findtext("description") or ""
    return "\n".join([*([description] if description else []), *(mark.lines if mark else ())])


ET.register_namespace(PREFIX, NAMESPACE)
