"""Starts, shuts down, saves and turns off virtual machines: one of them, or those whose boxes are checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from hosts.access import Action, SignedInRequest, allow, needs
from hosts.addresses import is_key, is_ours
from hosts.models import VirtualMachine
from migrations_app.power import PowerRefused, order_power, why_not_power
from migrations_app.power_words import WORDS, PowerWords, Verb

MOST_REASONS = 5
MOST_VMS = 1000


@dataclass(frozen=True, slots=True)
class Chosen:
    vm: VirtualMachine
    why_not: str


@require_http_methods(["GET", "POST"])
@needs(Action.POWER)
def power(request: SignedInRequest) -> HttpResponse:
    """`verb` and each `vm` of the address or of the form. Whatever stops a VM asks first, until it is `sure`."""
    verb, vms = _verb(request), _vms(request)
    for vm in vms:
        allow(request.user, Action.POWER, vm)
    if not vms or len(vms) > MOST_VMS:
        many = f"{len(vms):,} virtual machines were chosen, and {MOST_VMS:,} are possible at once"
        text = f"Nothing was done: {many if vms else 'no virtual machine was chosen'}."
        messages.warning(request, text, extra_tags="warn")
        return redirect(_back(request))
    is_meant = verb == Verb.START or request.POST.get("sure") == "yes"
    if request.method == "GET" or not is_meant:
        return _ask(request, verb, vms)
    _order(request, verb, vms)
    return redirect(_back(request))


def _ask(request: HttpRequest, verb: Verb, vms: Sequence[VirtualMachine]) -> HttpResponse:
    words = WORDS[verb]
    chosen = [Chosen(vm, why_not_power(vm, verb)) for vm in vms]
    possible = [each.vm for each in chosen if not each.why_not]
    context = {
        "verb": verb,
        "words": words,
        "chosen": chosen,
        "possible": possible,
        "question": words.question.format(_named(possible or vms)),
        "button": f"{words.title} {_named(possible)}",
        "back": _back(request),
    }
    return render(request, "migrations_app/power.html", context)


def _order(request: SignedInRequest, verb: Verb, vms: Sequence[VirtualMachine]) -> None:
    words, ordered, reasons = WORDS[verb], [], []
    for vm in vms:
        try:
            order_power(vm, verb, request.user)
            ordered.append(vm)
        except PowerRefused as refused:
            reasons.append(f"{vm.name} was not {words.done}. {refused}")
    if ordered:
        messages.info(request, _under_way(words, ordered))
    for reason in reasons[:MOST_REASONS]:
        messages.warning(request, reason, extra_tags="warn")
    if len(reasons) > MOST_REASONS:
        text = f"{len(reasons) - MOST_REASONS} more were not {words.done}."
        messages.warning(request, text, extra_tags="warn")


def _under_way(words: PowerWords, vms: Sequence[VirtualMachine]) -> str:
    return f"{_named(vms)} {'is' if len(vms) == 1 else 'are'} being {words.done}."


def _named(vms: Sequence[VirtualMachine]) -> str:
    return vms[0].name if len(vms) == 1 else f"{len(vms)} virtual machines"


def _verb(request: HttpRequest) -> Verb:
    asked = request.POST.get("verb") or request.GET.get("verb", "")
    if asked not in Verb.values:
        raise BadRequest("Say what to do: start, shut-down, save or turn-off.")
    return Verb(asked)


def _vms(request: HttpRequest) -> list[VirtualMachine]:
    """In the order of their names; one that was removed meanwhile is left out."""
    given = request.POST.getlist("vm") or request.GET.getlist("vm")
    pks = [pk for pk in given if is_key(pk)]
    return list(VirtualMachine.objects.filter(pk__in=pks).select_related("host__group").order_by("name", "pk"))


def _back(request: HttpRequest) -> str:
    """The page one came from: the list with its filter, or the VM's own."""
    for address in (request.POST.get("back", ""), request.headers.get("Referer", "")):
        if address and is_ours(request, address) and reverse("vm-power") not in address:
            return address
    return reverse("vm-list")
