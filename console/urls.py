"""Every address of the console."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from console import views, views_about, views_people, views_properties, views_sign_in

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.start, name="start"),
    path("sign-in/", views_sign_in.SignIn.as_view(), name="sign-in"),
    path("sign-out/", views_sign_in.SignOut.as_view(), name="sign-out"),
    path("password/", views_sign_in.own_password, name="own-password"),
    path("users/", views_people.user_list, name="user-list"),
    path("users/add/", views_people.user_add, name="user-add"),
    path("users/<int:pk>/", views_people.user_page, name="user-page"),
    path("users/<int:pk>/disable/", views_people.user_disable, name="user-disable"),
    path("users/<int:pk>/enable/", views_people.user_enable, name="user-enable"),
    path("users/<int:pk>/reset/", views_people.user_reset, name="user-reset"),
    path("audit/", views_people.audit_log, name="audit-log"),
    path("audit/audit.csv", views_people.audit_log_csv, name="audit-log-csv"),
    path("about/", views_about.about_page, name="about"),
    path("health/", views_about.health_word, name="health"),
    path("vms/", views.vm_list, name="vm-list"),
    path("vms/<int:pk>/", views.vm_page, name="vm-page"),
    path("vms/<int:pk>/properties/", views_properties.vm_properties, name="vm-properties"),
    path("vms/<int:pk>/menu/", views.vm_menu, name="vm-menu"),
    path("vms/<int:pk>/picked/", views.vm_picked, name="vm-list-picked"),
    path("tree/<int:pk>/", views.tree_hosts, name="tree-hosts"),
    path("hosts/", include("hosts.urls")),
    path("", include("migrations_app.urls")),
]
