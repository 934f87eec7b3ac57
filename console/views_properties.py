"""The properties of a virtual machine, in tabs: all that the inventory knows, and what Ferry itself keeps of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from hosts.access import Action, SignedInRequest, allow, can, needs
from hosts.models import VirtualMachine
from hosts.vm_properties import PropertiesForm, change_properties
from migrations_app.verbs import verbs_of

TABS = {
    "general": "General",
    "hardware": "Hardware",
    "networks": "Networks",
    "disks": "Disks",
    "checkpoints": "Checkpoints",
    "actions": "Actions",
}
START_ACTIONS = {
    "Start": "Start it",
    "StartIfRunning": "Start it if it ran when the host stopped",
    "Nothing": "Leave it as it is",
}


@require_http_methods(["GET", "POST"])
@needs(Action.SEE_VM, VirtualMachine)
def vm_properties(request: SignedInRequest, pk: int) -> HttpResponse:
    """POST stores owner and description; nothing else can be changed here."""
    rows = VirtualMachine.objects.select_related("host__group").prefetch_related("disks", "adapters")
    vm = get_object_or_404(rows, pk=pk)
    form = PropertiesForm(request.POST or None, initial={"owner": vm.owner, "description": vm.description})
    if request.method == "POST":
        allow(request.user, Action.CHANGE_VM, vm)
        if form.is_valid():
            change_properties(vm, form.cleaned_data["owner"], form.cleaned_data["description"])
            messages.success(request, f"The properties of {vm.name} are stored.")
            return redirect("vm-properties", pk)
    shown = request.GET.get("tab", "")
    parents = {point["checkpoint_id"]: point["name"] for point in vm.checkpoints}
    context = {
        "vm": vm,
        "verbs": verbs_of(vm, request.user),
        "form": form,
        "tabs": TABS,
        "shown": shown if shown in TABS else "general",
        "why_not_change": can(request.user, Action.CHANGE_VM, vm).why_not,
        "checkpoints": [{**point, "parent": parents.get(point["parent_id"], "")} for point in vm.checkpoints],
        "start_action": START_ACTIONS.get(vm.start_action, vm.start_action),
    }
    return render(request, "console/vm_properties.html", context)
