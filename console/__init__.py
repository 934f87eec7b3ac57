"""The composition root: knows every app, is known by none."""

from console.celery import app as celery_app

__all__ = ["celery_app"]
