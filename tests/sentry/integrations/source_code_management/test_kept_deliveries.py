"""What is kept of a delivery's headers."""

import pytest

from sentry.integrations.source_code_management.kept_deliveries import kept_headers


def test_what_the_host_says_of_the_delivery_is_kept():
    headers = {"content-type": "application/json", "x-event-key": "push", "webhook-id": "1"}
    others = {"host": "sentry.example.com", "accept": "*/*", "user-agent": "hooks"}
    assert kept_headers({**headers, **others}, []) == headers


@pytest.mark.parametrize(
    "name",
    ["x-hub-signature-256", "x-gitlab-token", "x-forwarded-for", "x-real-ip", "x-api-key"],
)
def test_what_is_secret_or_names_the_sender_is_not(name):
    assert kept_headers({name: "value"}, []) == {}


def test_a_secret_is_not_kept_under_any_name():
    assert kept_headers({"x-note": "it is s3cr3t!", "x-other": "a"}, ["s3cr3t"]) == {"x-other": "a"}


def test_many_headers_of_a_proxy_take_none_away():
    many = {f"x-a-{number:03}": "value" for number in range(100)}
    kept = kept_headers({**many, "x-github-event": "push", "x-zone": "z"}, [])
    assert (kept["x-github-event"], kept["x-zone"]) == ("push", "z")


def test_sizes_have_bounds():
    assert kept_headers({"x-long": "a" * 1025, "x-short": "a"}, []) == {"x-short": "a"}
    assert len(kept_headers({f"x-{number}": "" for number in range(1000)}, [])) == 200
