"""The report of moves and the accuracy of their forecasts, as a page and as a CSV file of its moves."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from hosts.access import Action, needs, rights_of
from hosts.csv_file import Cell, csv_file
from migrations_app.accuracy import Compared
from migrations_app.accuracy_report import (
    BY_DEFAULT,
    CHART_HEIGHT,
    MOST_MOVES,
    PERIODS,
    EndedMove,
    all_together,
    by_pair,
    chart,
    ended_moves,
)

_OF_A_FORECAST = ["from s", "likely s", "to s", "error s", "inside"]
_HEAD = [
    "Job",
    "Virtual machine",
    "From",
    "To",
    "Result",
    "Started",
    "Ended",
    "Outage s",
    *(f"Outage forecast when ordered, {name}" for name in _OF_A_FORECAST),
    *(f"Outage forecast before the save, {name}" for name in _OF_A_FORECAST),
    "Time in all s",
    *(f"Time in all forecast, {name}" for name in _OF_A_FORECAST),
]


@require_GET
@needs(Action.SEE_REPORTS)
def accuracy_report(request: HttpRequest) -> HttpResponse:
    period = _period(request)
    moves = ended_moves(int(period), rights_of(request.user))
    context = {
        "period": period,
        "periods": PERIODS,
        "moves": moves,
        "is_cut": len(moves) == MOST_MOVES,
        "all": all_together(moves),
        "pairs": by_pair(moves),
        "dots": chart(moves),
        "chart_height": CHART_HEIGHT,
    }
    return render(request, "migrations_app/accuracy_report.html", context)


@require_GET
@needs(Action.SEE_REPORTS)
def accuracy_report_csv(request: HttpRequest) -> HttpResponse:
    period = _period(request)
    moves = ended_moves(int(period), rights_of(request.user))
    return csv_file(f"moves-{period}-days.csv", _HEAD, map(_cells, moves))


def _period(request: HttpRequest) -> str:
    asked = request.GET.get("period", BY_DEFAULT)
    return asked if asked in PERIODS else BY_DEFAULT


def _cells(move: EndedMove) -> list[Cell]:
    outage, total = move.before or move.last, move.total
    return [
        move.pk,
        move.vm_name,
        move.source_name,
        move.target_name,
        move.status,
        _moment(move.started_at),
        _moment(move.ended_at),
        outage.measured_s if outage else None,
        *_forecast_cells(move.before),
        *_forecast_cells(move.last),
        total.measured_s if total else None,
        *_forecast_cells(total),
    ]


def _forecast_cells(found: Compared | None) -> list[Cell]:
    if found is None:
        return [None] * len(_OF_A_FORECAST)
    return [*found.expected, found.error_s, "yes" if found.is_inside else "no"]


def _moment(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""
