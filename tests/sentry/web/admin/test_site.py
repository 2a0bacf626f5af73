"""Which tables a process shows in each silo mode, and the files that the pages load."""

import re

import pytest
from django.db import connection
from django.test import RequestFactory, override_settings
from django.urls import reverse

from sentry import models
from sentry.silo import SiloMode, silo_modes_of
from sentry.silo.router import SiloRouter
from sentry.testutils.cases import TestCase
from sentry.web.admin.base import MOST_COUNTED, BoundedPaginator
from sentry.web.admin.site import build_site
from sentry.web.admin.urls import urls_for


def test_a_monolith_shows_every_table_and_control_its_own():
    everything = set(build_site(SiloMode.MONOLITH)._registry)
    assert {models.User, models.Organization, models.Commit} <= everything
    control = set(build_site(SiloMode.CONTROL)._registry)
    assert control == {model for model in everything if SiloMode.CONTROL in silo_modes_of(model)}
    assert models.Organization not in control


def test_a_region_has_no_such_pages_and_no_log_of_them():
    assert urls_for(SiloMode.REGION) == []
    assert urls_for(SiloMode.CONTROL)
    for mode, allowed in (("REGION", False), ("CONTROL", None), ("MONOLITH", None)):
        with override_settings(SILO_MODE=mode):
            assert SiloRouter().allow_migrate("default", "admin", "logentry") is allowed


@pytest.mark.django_db
def test_what_is_searched_has_an_index():
    request = RequestFactory().get("/")
    for model, pages in build_site(SiloMode.MONOLITH)._registry.items():
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, model._meta.db_table)
        first = {each["columns"][0] for each in found.values() if each["columns"]}
        for name in pages.get_search_fields(request):
            assert name.removesuffix("__exact") in first, (model, name)


class FilesTest(TestCase):
    def test_every_file_of_a_page_is_served(self):
        page = self.client.call("GET", reverse("admin:login")).content.decode()
        files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
        assert any(file.endswith(".css") for file in files)
        for file in files:
            response = self.client.call("GET", file)
            assert response.status_code == 200
            assert response.content
            assert "max-age" in response["cache-control"]
            assert response["content-type"].startswith("text/")

    def test_a_file_that_is_known_is_not_sent_again(self):
        path = "/static/admin/css/base.css"
        sent = self.client.call("GET", path)["last-modified"]
        again = self.client.call("GET", path, headers={"if-modified-since": sent})
        assert again.status_code == 304

    def test_nothing_else_is_served(self):
        for name in ("nothing.css", "../apps.py", "..%2fapps.py", "css/", "", "/etc/passwd"):
            response = self.client.call("GET", f"/static/admin/{name}")
            assert response.status_code in {400, 404}, name

    def test_files_are_only_read(self):
        self.client.force_login(self.create_user())
        assert self.client.call("POST", "/static/admin/css/base.css").status_code == 405


@pytest.mark.django_db
def test_no_more_is_counted_than_is_asked(django_assert_num_queries):
    assert MOST_COUNTED >= 1000
    with django_assert_num_queries(1) as captured:
        assert BoundedPaginator(models.User.objects.order_by("-pk"), 50).count == 0
    assert f"LIMIT {MOST_COUNTED}" in captured.captured_queries[0]["sql"]
