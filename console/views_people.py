"""User administration and the audit log, for administrators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.audit_rows import HEAD, MOST_IN_A_FILE, PAGE_SIZE, Question, cells_of, changes_of, find_records
from console.people import LastAdministrator, add_user, change_role, disable, enable, reset_password
from console.people_forms import AddUserForm, RoleForm
from hosts.access import Action, administrators, needs, role_of
from hosts.audit_models import AuditRecord
from hosts.csv_file import csv_file

_PEOPLE = User.objects.select_related("temporary_password").order_by("username")


@require_GET
@needs(Action.ADMINISTER_USERS)
def user_list(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()
    people = _PEOPLE.filter(username__icontains=text).prefetch_related("groups", "operator_groups__group")
    page = Paginator(people, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [(person, role_of(person)) for person in page]
    return render(request, "console/user_list.html", {"page": page, "rows": rows, "text": text})


@never_cache
@require_http_methods(["GET", "POST"])
@needs(Action.ADMINISTER_USERS)
def user_add(request: HttpRequest) -> HttpResponse:
    """The answer to the POST shows the password: it is kept nowhere, so there is no page to lead to."""
    form = AddUserForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        password = add_user(name, form.chosen_role, form.cleaned_data["groups"])
        return _show_password(request, User.objects.get(username=name), password, is_new=True)
    return render(request, "console/user_add.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@needs(Action.ADMINISTER_USERS)
def user_page(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(_PEOPLE, pk=pk)
    groups = person.operator_groups.values_list("group", flat=True)
    form = RoleForm(request.POST or None, initial={"role": role_of(person) or "", "groups": list(groups)})
    if request.method == "POST" and form.is_valid():
        return _do(request, pk, lambda it: _store_role(it, form), "The role of {} was stored.")
    context = {"person": person, "form": form, **_why_not(person)}
    return render(request, "console/user_page.html", context, status=400 if form.errors else 200)


@require_POST
@needs(Action.ADMINISTER_USERS)
def user_disable(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, disable, "{} was disabled, and signed out everywhere.")


@require_POST
@needs(Action.ADMINISTER_USERS)
def user_enable(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, enable, "{} may sign in again.")


@never_cache
@require_POST
@needs(Action.ADMINISTER_USERS)
def user_reset(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(_PEOPLE, pk=pk)
    return _show_password(request, person, reset_password(person), is_new=False)


@require_GET
@needs(Action.READ_AUDIT)
def audit_log(request: HttpRequest) -> HttpResponse:
    question = Question.of(request.GET)
    page = Paginator(find_records(question), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "question": question,
        "page": page,
        "rows": [(record, changes_of(record)) for record in page],
        "deeds": AuditRecord.Deed.choices,
    }
    return render(request, "console/audit_log.html", context)


@require_GET
@needs(Action.READ_AUDIT)
def audit_log_csv(request: HttpRequest) -> HttpResponse:
    return csv_file("audit.csv", HEAD, map(cells_of, find_records(Question.of(request.GET))[:MOST_IN_A_FILE]))


def _store_role(person: User, form: RoleForm) -> None:
    change_role(person, form.chosen_role, form.cleaned_data["groups"])


def _do(request: HttpRequest, pk: int, verb: Callable[[User], None], sentence: str) -> HttpResponse:
    """Back to the user, with what was done, or why not."""
    person = get_object_or_404(_PEOPLE, pk=pk)
    try:
        verb(person)
    except LastAdministrator as refused:
        messages.warning(request, f"Nothing was changed. {refused}", extra_tags="warn")
    else:
        messages.success(request, sentence.format(person))
    return redirect("user-page", pk)


def _why_not(person: User) -> dict[str, str]:
    is_last = [*administrators()] == [person]
    return {"why_not_disable": f"{person} is the last administrator." if is_last else ""}


def _show_password(request: HttpRequest, person: User, password: str, *, is_new: bool) -> HttpResponse:
    context: dict[str, Any] = {"person": person, "password": password, "is_new": is_new}
    return render(request, "console/user_password.html", context)
