"""Addresses of the wizard and of jobs."""

from __future__ import annotations

from django.urls import path

from migrations_app import (
    views,
    views_batches,
    views_host,
    views_record,
    views_repair,
    views_report,
    views_script,
    views_verbs,
    views_wizard,
)

urlpatterns = [
    path("jobs/", views.job_list, name="job-list"),
    path("jobs/<int:pk>/", views.job_page, name="job-page"),
    path("jobs/<int:pk>/changes/", views_record.job_changes, name="job-changes"),
    path("jobs/<int:pk>/log.csv", views_record.job_log, name="job-log"),
    path("jobs/<int:pk>/script/", views_script.job_script, name="job-script"),
    path("jobs/<int:pk>/script/download/", views_script.job_script_file, name="job-script-file"),
    path("jobs/<int:pk>/cancel/", views_verbs.job_cancel, name="job-cancel"),
    path("jobs/<int:pk>/cut-over/", views_verbs.job_cut_over, name="job-cut-over"),
    path("jobs/<int:pk>/window/", views_verbs.job_window, name="job-window"),
    path("reports/accuracy/", views_report.accuracy_report, name="report-accuracy"),
    path("reports/accuracy/moves.csv", views_report.accuracy_report_csv, name="report-accuracy-csv"),
    path("jobs/<int:pk>/repair/", views_repair.repair, name="job-repair"),
    path("jobs/<int:pk>/priority/", views_verbs.job_priority, name="job-priority"),
    path("jobs/<int:pk>/limit/", views_verbs.job_limit, name="job-limit"),
    path("jobs/<int:pk>/retry/", views_verbs.job_retry, name="job-retry"),
    path("jobs/plans/", views_batches.plan_list, name="job-plans"),
    path("jobs/plans/new/", views_batches.plan_new, name="job-plan-new"),
    path("jobs/plans/<int:pk>/", views_batches.plan_page, name="job-plan"),
    path("jobs/plans/<int:pk>/progress/", views_batches.plan_progress, name="job-plan-progress"),
    path("jobs/plans/<int:pk>/place/", views_batches.plan_place, name="job-plan-place"),
    path("jobs/plans/<int:pk>/moves/<int:position>/", views_batches.plan_target, name="job-plan-target"),
    path("jobs/plans/<int:pk>/approve/", views_batches.plan_approve, name="job-plan-approve"),
    path("jobs/plans/<int:pk>/go-on/", views_batches.plan_go_on, name="job-plan-go-on"),
    path("jobs/plans/<int:pk>/discard/", views_batches.plan_discard, name="job-plan-discard"),
    path("jobs/plans/<int:pk>/cancel/", views_batches.plan_cancel, name="job-plan-cancel"),
    path("hosts/<int:pk>/evacuate/", views_batches.evacuate, name="host-evacuate"),
    path("vms/<int:pk>/migrate/", views_wizard.warning, name="migrate"),
    path("vms/<int:pk>/migrate/host/", views_host.select_host, name="migrate-host"),
    path("vms/<int:pk>/migrate/host/about/", views_host.about, name="migrate-host-about"),
    path("vms/<int:pk>/migrate/host/check/", views_host.check, name="migrate-host-check"),
    path("vms/<int:pk>/migrate/host/checked/", views_host.checked, name="migrate-host-checked"),
    path("vms/<int:pk>/migrate/host/ratings/", views_host.ratings, name="migrate-host-ratings"),
    path("vms/<int:pk>/migrate/path/", views_wizard.select_path, name="migrate-path"),
    path("vms/<int:pk>/migrate/networks/", views_wizard.select_networks, name="migrate-networks"),
    path("vms/<int:pk>/migrate/summary/", views_wizard.summary, name="migrate-summary"),
    path("vms/<int:pk>/migrate/script/", views_script.wizard_script, name="migrate-script"),
    path("vms/<int:pk>/migrate/script/download/", views_script.wizard_script_file, name="migrate-script-file"),
    path("vms/<int:pk>/migrate/move/", views_wizard.move, name="migrate-move"),
]
