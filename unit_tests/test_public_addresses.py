"""Which addresses are public, the same on every Python."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_mailcoach.host_policy import is_public

NOT_PUBLIC = {
    "this network": "0.0.0.0 0.1.2.3",
    "private": "10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 192.168.255.255",
    "carrier-grade NAT": "100.64.0.1 100.100.100.200 100.127.255.255",
    "loopback": "127.0.0.1 127.255.255.254 ::1",
    "link-local": "169.254.0.1 169.254.169.254 fe80::1 fe80::1%eth0 febf::1",
    "protocol assignments": "192.0.0.1 192.0.0.8 192.0.0.9 192.0.0.170 192.0.0.192 192.0.0.255 2001:1::1 2001:1ff::1",
    "documentation": "192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1 3fff:fff::1",
    "benchmarking": "198.18.0.1 198.19.255.255 2001:2::1",
    "ORCHID": "2001:10::1 2001:20::1 2001:2f::1",
    "multicast": "224.0.0.1 233.252.0.1 239.255.255.255 ff02::1 ff0e::1",
    "reserved": "240.0.0.1 255.255.255.254 4000::1 5f00::1 8000::1 f000::1",
    "broadcast": "255.255.255.255",
    "unspecified": "::",
    "unique local": "fc00::1 fd00:ec2::254 fdff::1",
    "site-local": "fec0::1 feff::1",
    "discard": "100::1 100:0:0:1::1",
    "IPv4 compatible": "::7f00:1 ::8.8.8.8",
    "IPv4 mapped": "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1",
    "NAT64": "64:ff9b::7f00:1 64:ff9b::10.1.2.3 64:ff9b::169.254.169.254 64:ff9b:: 64:ff9b::7f00:1%eth0",
    "NAT64, beside the prefix": "64:ff9b::1:808:808 64:ff9b:0:0:1:0:808:808 64:ff9a::808:808 64:ff9b:2::808:808",
    "NAT64 of a network's own": "64:ff9b:1::1 64:ff9b:1::808:808 64:ff9b:1:ffff::1 64:ff9b:1:0:8:808:800:0",
    "6to4": "2002:7f00:1:: 2002:a00:1::1 2002:808:808::1 192.88.99.1",
    "Teredo": "2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2",
}
PUBLIC = """
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 93.184.216.34 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1
    169.253.255.255 169.255.0.1 172.15.255.255 172.32.0.1 191.255.255.255 192.0.1.1 192.0.3.1 192.167.255.255
    192.169.0.1 198.17.255.255 198.20.0.1 203.0.112.1 203.0.114.1 223.255.255.255
    2001:200::1 2001:4860:4860::8888 2003::1 2400:cb00::1 2606:4700:4700::1111 2620:fe::fe 2a00:1450:4001::1
    64:ff9b::808:808 64:ff9b::8.8.8.8 64:FF9B:0:0:0:0:93.184.216.34 64:ff9b::1.1.1.1%eth0
"""


@pytest.mark.parametrize("address", [address for group in NOT_PUBLIC.values() for address in group.split()])
def test_is_not_public(address: str) -> None:
    """Python's own tables of these ranges differ between its patch releases, so they are no ground to stand on."""
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_gains_anything_by_a_wrapping_into_ipv6(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    for wrapped in (number, 0xFFFF << 32 | number, 0x64FF9B0001 << 80 | number, 0x2002 << 112 | number << 80):
        assert not is_public(str(ipaddress.IPv6Address(wrapped)))


IPV4 = [
    *(address for group in NOT_PUBLIC.values() for address in group.split() if ":" not in address),
    *(address for address in PUBLIC.split() if ":" not in address),
]


@pytest.mark.parametrize("inner", IPV4)
def test_an_address_of_the_well_known_nat64_prefix_is_as_public_as_the_ipv4_address_inside(inner: str) -> None:
    """A network without IPv4 reaches all of it through this prefix: a name server (DNS64) answers with it."""
    assert is_public(f"64:ff9b::{inner}") == is_public(inner)
