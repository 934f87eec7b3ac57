"""Addresses of the pages of hosts, below /hosts/."""

from __future__ import annotations

from django.urls import path

from hosts import views

urlpatterns = [
    path("", views.host_list, name="host-list"),
    path("add/", views.host_add, name="host-add"),
    path("<int:pk>/", views.host_page, name="host-page"),
    path("<int:pk>/edit/", views.host_edit, name="host-edit"),
    path("<int:pk>/refresh/", views.host_refresh, name="host-refresh"),
    path("<int:pk>/maintenance/", views.host_maintenance, name="host-maintenance"),
    path("<int:pk>/remove/", views.host_remove, name="host-remove"),
]
