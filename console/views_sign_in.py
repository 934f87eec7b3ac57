"""Signing in and out, and the own password."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, LogoutView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from console.door import address_of, entered_on, go, lead, local_address
from console.people import set_own_password
from console.people_forms import OwnPasswordForm
from console.sign_in_limit import forget_tries, take_try
from hosts.access import Action, SignedInRequest, needs, rights_of
from hosts.audit import Deed, record
from migrations_app.notices import people_changed


@method_decorator(login_not_required, name="dispatch")
class SignIn(LoginView):
    template_name = "console/sign_in.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        name = _name_in(request)
        if wait_s := take_try(name, address_of(request)):
            form = AuthenticationForm(request, initial={"username": name})
            context = self.get_context_data(form=form, wait_s=wait_s)
            answer = render(request, self.template_name, context, status=429)
            answer["Retry-After"] = str(wait_s)
            return answer
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = form.get_user()
        forget_tries(_name_in(self.request), address_of(self.request))
        with transaction.atomic():
            record(Deed.SIGN_IN, f"User {user}", by=user)
            return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Recorded by name only if a user has it: it may be a password, typed into the wrong field."""
        user = User.objects.filter(username=_name_in(self.request)).first()
        record(Deed.SIGN_IN_FAILED, f"User {user}" if user else "A name that no user has")
        return super().form_invalid(form)


@method_decorator(login_not_required, name="dispatch")
class SignOut(LogoutView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = request.user
        if not isinstance(user, User):
            return super().post(request, *args, **kwargs)
        record(Deed.SIGN_OUT, f"User {user}")
        answer = super().post(request, *args, **kwargs)
        people_changed(user.pk)
        return answer


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form of a page that was loaded before signing in; or one of another site."""
    del reason
    if not request.user.is_authenticated:
        return lead(request, "sign-in")
    if page := entered_on(request):
        messages.warning(request, "Nothing was done yet: the page was loaded before you signed in. Send it again.")
        return go(request, page)
    sentence = "The page was loaded before you signed in. Go back, load it anew, then send it again."
    return render(request, "403.html", {"exception": sentence}, status=403)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@needs(Action.KEEP_ACCOUNT)
def own_password(request: SignedInRequest) -> HttpResponse:
    """With one that somebody else made the user goes no further until he has chosen his own."""
    is_first = rights_of(request.user).has_temporary_password
    back = local_address(request, request.POST.get("next", "") or request.GET.get("next", ""))
    form, wait_s = OwnPasswordForm(request.user, request.POST or None, is_first=is_first), 0
    if request.method == "POST":
        wait_s = take_try(request.user.username, address_of(request))
    if request.method == "POST" and not wait_s and form.is_valid():
        forget_tries(request.user.username, address_of(request))
        set_own_password(request, form.cleaned_data["new_password1"])
        messages.success(request, "Your password was changed. You are signed out everywhere else.")
        return redirect(back or "start")
    context = {"form": form, "is_first": is_first, "next": back, "wait_s": wait_s}
    return render(request, "console/own_password.html", context, status=429 if wait_s else 400 if form.errors else 200)


def _name_in(request: HttpRequest) -> str:
    """As a database takes it."""
    return request.POST.get("username", "").replace("\0", "")[:255]
