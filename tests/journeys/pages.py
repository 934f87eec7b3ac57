"""Every page of the console that a browser opens, by the name of its address: test_every_page.py walks them.

A new address belongs here: with what stands behind it in the address bar, or with the reason why it is no page.
"""

from __future__ import annotations

# {vm}, {host} and {group} are keys of what the estate has.
PAGES: dict[str, tuple[str, ...]] = {
    "sign-in": ("",),
    "own-password": ("",),
    "user-list": ("",),
    "user-add": ("",),
    "user-page": ("",),
    "audit-log": ("", "?q=nobody"),
    "vm-list": ("", "?selected={vm}", "?q=nowhere", "?sort=-cpu"),
    "vm-page": ("",),
    "vm-properties": ("", "?tab=hardware", "?tab=disks"),
    "vm-power": ("?verb=shut-down&vm={vm}",),
    "host-list": ("", "?like=WEB01&sort=-stars", "?state=pending"),
    "host-page": ("", "?span=30d"),
    "host-add": ("",),
    "host-edit": ("",),
    "host-reserves": ("",),
    "host-remove": ("",),
    "host-evacuate": ("",),
    "placement": ("",),
    "group-list": ("",),
    "group-add": ("",),
    "group-page": ("",),
    "group-remove": ("",),
    "host-group": ("",),
    "move-defaults": ("",),
    "retention": ("",),
    "about": ("",),
    "group-reserves": ("",),
    "report-groups": ("",),
    "report-accuracy": ("",),
    "job-list": (
        "",
        "?show=failed",
        "?vm=WEB01&from=2026-11-01&zone=UTC",
        "?host=nowhere&from=2026-02-02&to=2026-02-01",
    ),
    "job-page": ("",),
    "job-changes": ("",),
    "job-script": ("",),
    "job-repair": ("",),
    "job-plans": ("",),
    "job-plan": ("",),
    "job-plan-new": ("?vm={vm}&target={host}",),
    "job-plan-target": ("",),
    "migrate": ("",),
    "migrate-host": (
        "",
        "?tab=details",
        "?tab=transfer",
        "?target={host}&w_cpu=11",
        "?q=nowhere",
    ),
    "migrate-host-ratings": ("",),
    "migrate-path": ("?target={host}", "?target={host}&browse=X:", "?target={host}&on={host}&folder=Z:"),
    "migrate-networks": ("?target={host}",),
    "migrate-summary": ("?target={host}",),
    "migrate-script": ("?target={host}",),
}

# Somebody who is signed in does not see these.
FOR_STRANGERS = {"sign-in"}

NO_PAGES = {
    "start": "leads to the first page of the role",
    "sign-out": "takes a POST only",
    "job-log": "a file",
    "job-script-file": "a file",
    "migrate-script-file": "a file",
    "vm-menu": "a fragment",
    "vm-list-picked": "a fragment",
    "tree-hosts": "a fragment",
    "host-menu": "a fragment",
    "job-plan-progress": "a fragment",
    "migrate-path-folders": "a fragment",
    "migrate-host-about": "a fragment",
    "migrate-host-checked": "a fragment",
    "audit-log-csv": "a file",
    "host-list-csv": "a file",
    "report-groups-csv": "a file",
    "report-accuracy-csv": "a file",
}
