"""Addresses of websockets."""

from __future__ import annotations

from django.urls import path

from migrations_app.consumers import JobConsumer, ListConsumer

websocket_urlpatterns = [
    path("ws/jobs/", ListConsumer.as_asgi()),
    path("ws/jobs/<int:pk>/", JobConsumer.as_asgi()),
]
