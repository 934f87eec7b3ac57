"""The page About with the health of Ferry, for administrators, and one word of it for a monitor."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from console import about, health
from hosts.access import Action, needs


@require_GET
@needs(Action.SEE_HEALTH)
def about_page(request: HttpRequest) -> HttpResponse:
    conditions = health.conditions()
    context = {
        "conditions": conditions,
        "troubles": sum(condition.level in ("warn", "bad") for condition in conditions),
        "is_well": all(condition.level != "bad" for condition in conditions),
        "turns": health.turns(),
        "versions": about.versions(),
        "database": about.database(),
        "holdings": about.holdings(),
        "retention": about.retention(),
    }
    return render(request, "console/about.html", context)


@never_cache
@require_safe
@login_not_required
def health_word(_request: HttpRequest) -> JsonResponse:
    """For monitors and balancers, who sign in nowhere; so it says nothing but this."""
    is_well = health.is_well()
    return JsonResponse({"status": "ok" if is_well else "not ok"}, status=200 if is_well else 503)
