import pytest

from sentry.integrations.source_code_management.errors import IntegrationBroken
from sentry.integrations.source_code_management.http_guard import (
    AllowList,
    check_address,
    parse_origin,
)

NOTHING = AllowList()
REFUSED = [
    "127.0.0.1",
    "127.9.9.9",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.1.1",
    "169.254.169.254",
    "0.0.0.0",
    "0.1.2.3",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "2001:db8::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "5f00::1",
    "not an address",
]


@pytest.mark.parametrize("address", REFUSED)
def test_addresses_that_are_not_public_are_refused(address):
    with pytest.raises(IntegrationBroken) as caught:
        check_address("forge.example", address, NOTHING)
    assert "forge.example" in caught.value.message


@pytest.mark.parametrize(
    "address", ["140.82.121.3", "2606:50c0:8000::153", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_pass(address):
    check_address("forge.example", address, NOTHING)


@pytest.mark.parametrize(
    ("entry", "address"),
    [
        ("forge.example", "10.1.2.3"),
        ("FORGE.example ", "::1"),
        ("10.1.2.3", "10.1.2.3"),
        ("10.0.0.0/8", "10.1.2.3"),
        ("10.1.2.9/8", "10.1.2.3"),
        ("10.0.0.0/8", "::ffff:10.1.2.3"),
        ("[fd12::1]", "fd12::1"),
        ("169.254.169.254", "169.254.169.254"),
        ("169.254.169.254/32", "::ffff:169.254.169.254"),
    ],
)
def test_an_operator_opens_a_name_an_address_or_a_network(entry, address):
    check_address("forge.example", address, AllowList.parse([entry]))


@pytest.mark.parametrize("address", ["169.254.169.254", "169.254.7.7", "fd00:ec2::254", "fe80::1"])
@pytest.mark.parametrize("entry", ["forge.example", "169.254.0.0/16", "0.0.0.0/0", "::/0"])
def test_metadata_opens_only_by_its_own_address(entry, address):
    with pytest.raises(IntegrationBroken, match="list its address in SCM_ALLOWED_HOSTS"):
        check_address("forge.example", address, AllowList.parse([entry]))


def test_the_refusal_says_what_an_operator_must_do():
    with pytest.raises(IntegrationBroken, match="list it in SCM_ALLOWED_HOSTS"):
        check_address("forge.example", "10.0.0.1", AllowList.parse(["other.example"]))


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.github.com", "https://api.github.com"),
        ("HTTPS://API.GitHub.com:443/x?y=z", "https://api.github.com"),
        ("https://h.example:8443/", "https://h.example:8443"),
        ("https://[2606:50c0::1]:444/", "https://[2606:50c0::1]:444"),
        ("https://140.82.121.3/", "https://140.82.121.3"),
        ("https://localhost/", "https://localhost"),
    ],
)
def test_a_url_has_an_origin(url, origin):
    assert str(parse_origin(url, NOTHING)) == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://h.example/",
        "file:///etc/passwd",
        "//h.example/",
        "https:/h.example",
        "https:///path",
        "https://",
        "https://user@h.example/",
        "https://user:secret@h.example/",
        "https://h.example@10.0.0.1/",
        "https://h.example\\@evil.example/",
        "https://h.example/a b",
        "https://h.example/\n",
        "https://h.example/\0",
        "https://h.example/\t",
        "https://h.example/ä",
        "https://hä.example/",
        "https://h.example/%zz",
        "https://h.example/#fragment",
        "https://h.example:0/",
        "https://h.example:70000/",
        "https://h.example:8a/",
        "https://h.example:/",
        "https://h..example/",
        "https://.example/",
        "https://h.example./",
        "https://-h.example/",
        "https://h_h.example/",
        "https://h%2eexample/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://1.2.3.4.5/",
        "https://[::1/",
        "https://[::1%25eth0]/",
        "https://[v1.x]/",
    ],
)
def test_odd_urls_are_refused(url):
    with pytest.raises(IntegrationBroken):
        parse_origin(url, NOTHING)


@pytest.mark.parametrize("entry", ["127.0.0.1", "127.0.0.0/8"])
def test_plain_http_needs_the_operator(entry):
    with pytest.raises(IntegrationBroken, match="SCM_ALLOWED_HOSTS"):
        parse_origin("http://127.0.0.1:80/", NOTHING)
    assert str(parse_origin("http://127.0.0.1:80/", AllowList.parse([entry]))) == "http://127.0.0.1"


def test_plain_http_to_a_name_needs_that_name():
    allowed = AllowList.parse(["forge.example"])
    assert parse_origin("http://forge.example/", allowed).port == 80
    with pytest.raises(IntegrationBroken):
        parse_origin("http://other.example/", allowed)
