"""The client address of a request."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kernel.secrets.secret import Secret
from backend.kernel.settings import PRIVATE_NETWORKS
from backend.web.edge.client_address import ClientAddresses, bucket

TRUSTED = PRIVATE_NETWORKS.split(",")
PLAIN = ClientAddresses(TRUSTED, None)
KEYED = ClientAddresses(TRUSTED, Secret("the shared key"))
PROXY, STRANGER = "10.0.0.7", "198.51.100.9"
addresses = st.ip_addresses().map(str)


def find_address(
    peer: str, forwarded: str | None = None, finder: ClientAddresses = PLAIN, **other_headers: str
):
    headers = {
        name.replace("_", "-").encode(): text.encode() for name, text in other_headers.items()
    }
    if forwarded is not None:
        headers[b"x-forwarded-for"] = forwarded.encode()
    return finder.find(peer, headers)


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        (STRANGER, None, STRANGER),
        (STRANGER, "203.0.113.7", STRANGER),
        (PROXY, None, PROXY),
        (PROXY, "203.0.113.7", "203.0.113.7"),
        (PROXY, "1.2.3.4, 203.0.113.7", "203.0.113.7"),
        (PROXY, "203.0.113.7, 10.0.0.9", "10.0.0.9"),
        (PROXY, " 203.0.113.7 ", "203.0.113.7"),
        (PROXY, "1.2.3.4,203.0.113.7", "203.0.113.7"),
        (PROXY, "203.0.113.7:4711", "203.0.113.7"),
        (PROXY, "2001:db8::1", "2001:db8::1"),
        (PROXY, "[2001:db8::1]:443", "2001:db8::1"),
        (PROXY, "[2001:db8::1]", "2001:db8::1"),
        (PROXY, "2001:0DB8:0000::0001", "2001:db8::1"),
        (PROXY, "::ffff:203.0.113.7", "203.0.113.7"),
        (PROXY, "", PROXY),
        (PROXY, "203.0.113.7,", PROXY),
        (PROXY, "unknown", PROXY),
        (PROXY, "203.0.113.7, _hidden", PROXY),
        (PROXY, "203.0.113.007", PROXY),
        (PROXY, "203.0.113", PROXY),
        (PROXY, "0xCB007107", PROXY),
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("::1", "203.0.113.7", "203.0.113.7"),
        ("::ffff:10.0.0.7", "203.0.113.7", "203.0.113.7"),
        ("fd00::5", "203.0.113.7", "203.0.113.7"),
        ("", "203.0.113.7", ""),
        ("testclient", "203.0.113.7", ""),
    ],
)
def test_the_last_entry_of_a_trusted_proxy_and_nothing_else_is_believed(peer, forwarded, address):
    assert find_address(peer, forwarded) == address


@given(addresses, addresses, st.lists(st.text(alphabet=st.characters(max_codepoint=255))))
def test_what_stands_before_the_last_entry_changes_nothing(peer, last, before):
    forwarded = ", ".join([*(text.replace(",", "") for text in before), last])
    headers = {b"x-forwarded-for": forwarded.encode("latin-1")}
    assert PLAIN.find(peer, headers) == PLAIN.find(peer, {b"x-forwarded-for": last.encode()})


@given(st.ip_addresses().filter(lambda peer: peer.is_global), st.binary())
def test_a_stranger_is_never_believed(peer, forwarded):
    assert PLAIN.find(str(peer), {b"x-forwarded-for": forwarded}) == PLAIN.find(str(peer), {})


@given(st.binary())
def test_whatever_a_proxy_says_an_address_comes_of_it(forwarded):
    ipaddress.ip_address(PLAIN.find(PROXY, {b"x-forwarded-for": forwarded}))


@pytest.mark.parametrize("name", ["forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip"])
def test_other_headers_are_not_believed(name):
    assert PLAIN.find(PROXY, {name.encode(): b"203.0.113.7"}) == PROXY


def test_our_own_frontend_may_name_its_visitor():
    headers = {"x_gatehouse_key": "the shared key", "x_gatehouse_client_ip": "203.0.113.7"}
    assert find_address(STRANGER, "1.2.3.4", KEYED, **headers) == "203.0.113.7"


@pytest.mark.parametrize("key", ["", "the shared kex", "the shared key ", "THE SHARED KEY"])
def test_nobody_may_who_does_not_know_the_key(key):
    headers = {"x_gatehouse_key": key, "x_gatehouse_client_ip": "203.0.113.7"}
    assert find_address(STRANGER, None, KEYED, **headers) == STRANGER


def test_where_there_is_no_key_nobody_knows_it():
    headers = {"x_gatehouse_key": "", "x_gatehouse_client_ip": "203.0.113.7"}
    assert find_address(STRANGER, None, PLAIN, **headers) == STRANGER


@pytest.mark.parametrize("forwarded", ["", "nonsense"])
def test_a_frontend_that_names_nobody_is_the_visitor_itself(forwarded):
    headers = {"x_gatehouse_key": "the shared key", "x_gatehouse_client_ip": forwarded}
    assert find_address(STRANGER, None, KEYED, **headers) == STRANGER


def test_with_no_proxy_trusted_only_the_peer_counts():
    assert find_address(PROXY, "203.0.113.7", ClientAddresses([], None)) == PROXY


def test_an_ipv4_address_counts_for_itself():
    assert bucket("203.0.113.7") == "203.0.113.7"


@pytest.mark.parametrize("other", ["2001:db8:0:1::2", "2001:db8:0:1:ffff:ffff:ffff:ffff"])
def test_an_ipv6_subscriber_counts_once(other):
    assert bucket("2001:db8:0:1::1") == bucket(other) == "2001:db8:0:1::/64"


def test_the_neighbour_counts_for_himself():
    assert bucket("2001:db8:0:1::1") != bucket("2001:db8:0:2::1")


@pytest.mark.parametrize("zoned", ["fe80::1%eth0", "fe80::1%1"])
def test_a_zone_makes_nobody_another(zoned):
    assert bucket(zoned) == bucket("fe80::1")


@given(st.text())
def test_every_text_has_a_bucket(text):
    bucket(text)
