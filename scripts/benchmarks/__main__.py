"""Sets Django up, then runs one module of this package: `report` (the default) or a measurement alone."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    django.setup()
    import_module(f"scripts.benchmarks.{sys.argv[1] if sys.argv[1:] else 'report'}").main()
