"""Every address of the console."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from console import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="vm-list"), name="start"),
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("vms/", views.vm_list, name="vm-list"),
    path("vms/<int:pk>/", views.vm_page, name="vm-page"),
    path("vms/<int:pk>/menu/", views.vm_menu, name="vm-menu"),
    path("hosts/", include("hosts.urls")),
    path("", include("migrations_app.urls")),
]
