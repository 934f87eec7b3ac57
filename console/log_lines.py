"""What a line of the log on the terminal leaves out."""

from __future__ import annotations

import logging


class ShortRefusals(logging.Filter):
    """A request that is refused (400, 403, 404) is one line: where in the code that was decided is no news to anybody.

    What fails in Ferry itself is an error, and keeps its traceback.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "django.request" and record.levelno < logging.ERROR:
            record.exc_info = record.exc_text = None
        return True
