"""Sets Django up, then takes the pictures of the documentation: python -m scripts.pictures CHROMIUM FOLDER."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    django.setup()
    import_module("scripts.pictures.take").main(sys.argv[1], Path(sys.argv[2]))
