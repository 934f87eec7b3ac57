"""`manage.py serve`: the whole of Ferry in one process, with or without a lab of hosts beside it."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from contextlib import AbstractContextManager
from typing import Any

from django.core.management.base import BaseCommand

from console.bring_up import everything
from console.embedded import EmbeddedWorker
from console.ending import ending_by_interrupt, leave
from console.kvm_lab import KvmLabFailed
from console.server import EndpointBusy, serve, take_endpoint
from lab.hyperv.processes import LabDidNotAnswer


class Command(BaseCommand):
    help = "Serve the console, with worker and beat as threads of the same process, until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="IPv4 address to listen on (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (8000); 0 takes a free one")
        parser.add_argument("--lab", action="store_true", help="start the emulated Hyper-V hosts and add them")
        parser.add_argument(
            "--kvm-lab", nargs="?", const="ferry", metavar="NAME", help="start a lab of real KVM hosts and add them"
        )
        parser.add_argument("--no-worker", action="store_true", help="serve pages only; workers run elsewhere")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            listener = take_endpoint(options["host"], options["port"])
        except EndpointBusy as busy:
            sys.exit(str(busy))
        host, port = listener.getsockname()
        ready = f"Ferry is at http://{host}:{port}/ (Ctrl-C ends it)."
        worker: EmbeddedWorker | None = None
        try:
            with listener, ending_by_interrupt(), self._everything(options) as worker:
                serve(listener, lambda: self._say(ready), worker.stop if worker else lambda: None)
        except (LabDidNotAnswer, KvmLabFailed) as reason:
            sys.exit(str(reason))
        except KeyboardInterrupt:
            self._say("Ended before it was up.")
        leave(0, is_waiting_allowed=worker is None or worker.has_ended)

    def _everything(self, options: dict[str, Any]) -> AbstractContextManager[EmbeddedWorker | None]:
        return everything(
            self._say,
            with_lab=options["lab"],
            with_worker=not options["no_worker"],
            kvm_lab=options["kvm_lab"],
        )

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
