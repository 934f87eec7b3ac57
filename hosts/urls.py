"""Addresses of the pages of hosts, below /hosts/."""

from __future__ import annotations

from django.urls import path

from hosts import views, views_groups, views_list, views_placement

urlpatterns = [
    path("", views_list.host_list, name="host-list"),
    path("hosts.csv", views_list.host_list_csv, name="host-list-csv"),
    path("report/", views_list.group_report, name="report-groups"),
    path("report/groups.csv", views_list.group_report_csv, name="report-groups-csv"),
    path("placement/", views_placement.placement, name="placement"),
    path("groups/", views_groups.group_list, name="group-list"),
    path("groups/add/", views_groups.group_add, name="group-add"),
    path("groups/<int:pk>/", views_groups.group_page, name="group-page"),
    path("groups/<int:pk>/remove/", views_groups.group_remove, name="group-remove"),
    path("groups/<int:pk>/reserves/", views_placement.group_reserves, name="group-reserves"),
    path("regroup/", views_groups.host_regroup, name="host-regroup"),
    path("add/", views.host_add, name="host-add"),
    path("<int:pk>/", views.host_page, name="host-page"),
    path("<int:pk>/menu/", views.host_menu, name="host-menu"),
    path("<int:pk>/edit/", views.host_edit, name="host-edit"),
    path("<int:pk>/refresh/", views.host_refresh, name="host-refresh"),
    path("<int:pk>/maintenance/", views.host_maintenance, name="host-maintenance"),
    path("<int:pk>/group/", views_groups.host_group, name="host-group"),
    path("<int:pk>/reserves/", views_placement.host_reserves, name="host-reserves"),
    path("<int:pk>/paths/forget/", views_placement.host_path_forget, name="host-path-forget"),
    path("<int:pk>/remove/", views.host_remove, name="host-remove"),
]
