"""TLS with an authority of one's own."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentry_scm_client import RetryPolicy, Unavailable

from .authority import Authority
from .conftest import OpenDriver
from .loopback import ScmBackend, serve


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def tls_host(authority: Authority, backend: ScmBackend) -> Iterator[str]:
    with serve(backend.application(), authority.server_context("127.0.0.1")) as host:
        yield host


def test_ca_file(open_driver: OpenDriver, tls_host: str, authority: Authority):
    for path in (authority.ca_file, str(authority.ca_file)):
        driver = open_driver(tls_host, secure=True, ca_file=path)
        assert driver.call("get_repository", 3) is not None


def test_ssl_context(open_driver: OpenDriver, tls_host: str, authority: Authority):
    context = ssl.create_default_context(cafile=authority.ca_file)
    driver = open_driver(f"https://{tls_host}", secure=True, ssl_context=context)
    assert driver.call("get_repository", 3) is not None


def test_unknown_authority(open_driver: OpenDriver, tls_host: str):
    driver = open_driver(tls_host, secure=True, retries=RetryPolicy.NONE)
    with pytest.raises(Unavailable, match=r"cannot connect to https://.*CERTIFICATE_VERIFY_FAILED"):
        driver.call("get_repository", 3)


def test_certificate_of_another_name(
    open_driver: OpenDriver, authority: Authority, backend: ScmBackend
):
    with serve(backend.application(), authority.server_context("127.0.0.2")) as host:
        driver = open_driver(host, secure=True, ca_file=authority.ca_file, retries=RetryPolicy.NONE)
        with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
            driver.call("get_repository", 3)
    assert backend.seen == []


def test_plain_server_behind_a_secure_address(
    open_driver: OpenDriver, host: str, backend: ScmBackend
):
    driver = open_driver(host, secure=True, retries=RetryPolicy.NONE)
    with pytest.raises(Unavailable, match="cannot connect"):
        driver.call("get_repository", 3)
    assert backend.seen == []


def test_missing_ca_file(open_driver: OpenDriver, tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        open_driver("h", ca_file=tmp_path / "none.pem")
