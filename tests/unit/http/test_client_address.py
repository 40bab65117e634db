"""Whom a request is counted as, and whose word is taken for it."""

from ipaddress import ip_network

import pytest

from counterfoil.http.client_address import NO_ADDRESS, ClientAddresses

PROXY = "10.0.0.1"
TRUSTED = tuple(ip_network(name) for name in ("10.0.0.0/8", "2001:db8:ffff::/48"))
ADDRESSES = ClientAddresses(TRUSTED)


def sender(peer: str | None, *fields: tuple[str, str]) -> str:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in fields]
    return ADDRESSES.sender({"client": None if peer is None else (peer, 1), "headers": headers})


def forwarded_for(*values: str) -> list[tuple[str, str]]:
    return [("x-forwarded-for", value) for value in values]


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, NO_ADDRESS),
        ("", NO_ADDRESS),
        ("testclient", NO_ADDRESS),
    ],
)
def test_a_peer_is_counted_by_its_address_or_network(peer: str | None, expected: str) -> None:
    assert sender(peer) == expected


@pytest.mark.parametrize("peer", ["192.0.2.7", "::ffff:192.0.2.7"])
def test_what_a_client_writes_itself_is_not_believed(peer: str) -> None:
    assert sender(peer, ("x-forwarded-for", "198.51.100.1")) == "192.0.2.7"
    assert sender(peer, ("forwarded", "for=198.51.100.1")) == "192.0.2.7"


@pytest.mark.parametrize("proxy", [PROXY, "::ffff:10.0.0.1", "2001:db8:ffff::9"])
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (forwarded_for("198.51.100.1"), "198.51.100.1"),
        (forwarded_for("198.51.100.1:4711"), "198.51.100.1"),
        (forwarded_for("2001:db8:1:2:3::4"), "2001:db8:1:2::/64"),
        (forwarded_for("[2001:db8:1:2:3::4]:80"), "2001:db8:1:2::/64"),
        (forwarded_for("::ffff:198.51.100.1"), "198.51.100.1"),
        (forwarded_for("203.0.113.9, 198.51.100.1"), "198.51.100.1"),
        (forwarded_for("203.0.113.9", "198.51.100.1"), "198.51.100.1"),
        (forwarded_for("198.51.100.1, 10.1.1.1, 10.2.2.2"), "198.51.100.1"),
        (forwarded_for("198.51.100.1", "10.1.1.1,10.2.2.2"), "198.51.100.1"),
        (forwarded_for("garbage, 198.51.100.1"), "198.51.100.1"),
        (forwarded_for('",,\x00,198.51.100.1'), "198.51.100.1"),
        ([("forwarded", "for=198.51.100.1")], "198.51.100.1"),
        ([("forwarded", 'proto=https;For="198.51.100.1:4711";by=10.0.0.1')], "198.51.100.1"),
        ([("forwarded", 'for="[2001:db8:1:2:3::4]:80"')], "2001:db8:1:2::/64"),
        ([("forwarded", "for=203.0.113.9"), ("forwarded", "for=198.51.100.1, for=10.1.1.1")], "198.51.100.1"),
        ([("forwarded", 'for="open, for=198.51.100.1')], "198.51.100.1"),
        ([*forwarded_for("198.51.100.1"), ("forwarded", "for=198.51.100.1;proto=https")], "198.51.100.1"),
    ],
    ids=str,
)
def test_a_trusted_proxy_tells_the_right_most_stranger(
    proxy: str, fields: list[tuple[str, str]], expected: str
) -> None:
    assert sender(proxy, *fields) == expected


@pytest.mark.parametrize(
    "fields",
    [
        [],
        forwarded_for(""),
        forwarded_for("unknown"),
        forwarded_for("198.51.100.1, unknown"),
        forwarded_for("198.51.100.1,"),
        forwarded_for("198.51.100.1", ""),
        forwarded_for("198.51.100.1, 198.51.100"),
        forwarded_for("198.51.100.01"),
        forwarded_for("198.51.100.1:port"),
        forwarded_for("[2001:db8::1"),
        forwarded_for("[2001:db8::1]x"),
        forwarded_for("10.1.1.1"),
        forwarded_for("198.51.100.1; 198.51.100.2"),
        [("forwarded", "198.51.100.1")],
        [("forwarded", "for=_hidden")],
        [("forwarded", "for=unknown")],
        [("forwarded", "for=198.51.100.1;for=198.51.100.2")],
        [("forwarded", "proto=https")],
        [("forwarded", "for=198.51.100.1, proto=https")],
        [*forwarded_for("198.51.100.1"), ("forwarded", "for=198.51.100.2")],
        [*forwarded_for("198.51.100.1"), ("forwarded", "garbage")],
        [("x-real-ip", "198.51.100.1")],
    ],
    ids=str,
)
def test_what_cannot_be_read_or_is_in_doubt_counts_as_the_proxy(fields: list[tuple[str, str]]) -> None:
    assert sender(PROXY, *fields) == PROXY


def test_without_a_trusted_proxy_nobody_is_one() -> None:
    scope = {"client": ("127.0.0.1", 1), "headers": [(b"x-forwarded-for", b"198.51.100.1")]}
    assert ClientAddresses(()).sender(scope) == "127.0.0.1"


def test_peers_know_their_place() -> None:
    here = ADDRESSES.peer({"client": ("127.0.0.1", 1)})
    assert (here.is_here, here.is_proxy) == (True, False)
    proxy = ADDRESSES.peer({"client": (PROXY, 1)})
    assert (proxy.is_here, proxy.is_proxy) == (False, True)
    assert not ADDRESSES.peer({"client": ("192.0.2.1", 1)}).is_here
    assert not ADDRESSES.peer({}).is_here
