"""The page of how long history is kept, for administrators."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from hosts.access import Action, SignedInRequest, needs
from hosts.models import Retention
from hosts.retention import retention, save_retention
from migrations_app.history import AT_A_TIME, COUNTED_AT_MOST, forgotten_with
from migrations_app.retention_form import RetentionForm


@require_http_methods(["GET", "POST"])
@needs(Action.CHANGE_RETENTION)
def retention_page(request: SignedInRequest) -> HttpResponse:
    """What would be deleted is told before it is stored; `sure` says that this was read, about these very times."""
    stored, now = retention(), timezone.now()
    form = RetentionForm(request.POST if request.method == "POST" else None, stored)
    goes = forgotten_with(stored, now)
    context = {"form": form, "stored": stored, "goes": goes, "most": COUNTED_AT_MOST, "at_a_time": AT_A_TIME}
    if request.method == "POST" and form.is_valid():
        wanted = form.entered()
        would_go = forgotten_with(wanted, now)
        if request.POST.get("sure") == _key(wanted) or not would_go.is_more_than(goes):
            save_retention(wanted, request.user)
            messages.success(request, "It was stored how long history is kept. The next run goes by it.")
            return redirect("retention")
        context |= {"would_go": would_go, "sure": _key(wanted)}
    return render(request, "migrations_app/retention.html", context, status=400 if form.errors else 200)


def _key(kept: Retention) -> str:
    return f"{kept.jobs_keep_d}-{kept.samples_keep_h}-{kept.averages_keep_d}"
