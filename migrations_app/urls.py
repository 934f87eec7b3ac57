"""Addresses of the wizard and of jobs."""

from __future__ import annotations

from django.urls import path

from migrations_app import views, views_host, views_wizard

urlpatterns = [
    path("jobs/", views.job_list, name="job-list"),
    path("jobs/<int:pk>/", views.job_page, name="job-page"),
    path("jobs/<int:pk>/cancel/", views.job_cancel, name="job-cancel"),
    path("jobs/<int:pk>/limit/", views.job_limit, name="job-limit"),
    path("jobs/<int:pk>/retry/", views.job_retry, name="job-retry"),
    path("vms/<int:pk>/migrate/", views_wizard.warning, name="migrate"),
    path("vms/<int:pk>/migrate/host/", views_host.select_host, name="migrate-host"),
    path("vms/<int:pk>/migrate/host/about/", views_host.about, name="migrate-host-about"),
    path("vms/<int:pk>/migrate/host/check/", views_host.check, name="migrate-host-check"),
    path("vms/<int:pk>/migrate/host/checked/", views_host.checked, name="migrate-host-checked"),
    path("vms/<int:pk>/migrate/host/ratings/", views_host.ratings, name="migrate-host-ratings"),
    path("vms/<int:pk>/migrate/path/", views_wizard.select_path, name="migrate-path"),
    path("vms/<int:pk>/migrate/networks/", views_wizard.select_networks, name="migrate-networks"),
    path("vms/<int:pk>/migrate/summary/", views_wizard.summary, name="migrate-summary"),
    path("vms/<int:pk>/migrate/move/", views_wizard.move, name="migrate-move"),
]
