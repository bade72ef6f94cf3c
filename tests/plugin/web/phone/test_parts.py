"""Addresses, certificates and the list of phones."""

import hashlib
import ipaddress
import re
import ssl
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from plugin.errors import AppError, NotFoundError, UsageError
from plugin.web.phone.certificate import RENEWED, VALID, certificate_for
from plugin.web.phone.devices import DAYS, FILE, MAX_DEVICES, Devices, device_name
from plugin.web.phone.networks import PRIVATE, HomeAddress, _private, choose, home_addresses
from plugin.web.phone.qr import lines

LAN = HomeAddress(ipaddress.ip_address("10.1.2.3"), ipaddress.ip_network("10.1.2.0/24"), "eth0")
ULA = HomeAddress(ipaddress.ip_address("fd12::3"), ipaddress.ip_network("fd12::/64"), "eth0")


def is_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """By its digits: 10.x, 172.16.x to 172.31.x, 192.168.x, fc or fd."""
    first, second = address.packed[:2]
    if address.version == 6:
        return first in (0xFC, 0xFD)
    return first == 10 or (first, second) == (192, 168) or (first == 172 and 16 <= second <= 31)


NEAR = st.sampled_from(
    ["172.15.0.1", "172.16.0.1", "172.31.9.9", "172.32.0.1", "192.167.0.1", "192.168.1.1", "11.0.0.1", "100.64.0.1",
     "169.254.1.1", "127.0.0.1", "0.0.0.0", "fbff::1", "fd00::1", "fe80::1", "::1", "::ffff:10.0.0.1", "2001:db8::1"]
).map(ipaddress.ip_address)  # fmt: skip


@given(st.ip_addresses() | NEAR)
def test_no_public_address_is_ever_offered(address: ipaddress.IPv4Address | ipaddress.IPv6Address):
    found = list(_private("eth0", str(address), None if address.version == 6 else "255.255.255.0"))
    assert [h.address for h in found] == ([address] if is_private(address) else [])


@given(st.ip_addresses())
def test_who_is_in_the_network_has_its_first_part(peer: ipaddress.IPv4Address | ipaddress.IPv6Address):
    assert LAN.holds(str(peer)) == str(peer).startswith("10.1.2.")
    assert ULA.holds(str(peer)) == (peer.version == 6 and int(peer) >> 64 == int(ULA.address) >> 64)


def test_the_addresses_of_this_machine_are_private():
    for home in home_addresses():
        assert any(home.address in net for net in PRIVATE)
        assert home.holds(str(home.address))
        assert not home.address.is_loopback


def test_one_is_chosen_by_itself_or_by_hand():
    assert choose([LAN, ULA], None) == LAN
    assert choose([LAN, ULA], "[fd12::3]").host == "[fd12::3]"
    with pytest.raises(UsageError, match="no address in a private network"):
        choose([], None)
    for other in ("8.8.8.8", "10.1.2.4", "", "home"):
        with pytest.raises(UsageError, match=r"there is: 10\.1\.2\.3, fd12::3"):
            choose([LAN, ULA], other)
    assert not any(LAN.holds(peer) for peer in ("", "home", "10.1.2", "10.1.2.3.4", "::ffff:10.1.2.3"))


def test_a_certificate_is_kept_until_it_nears_its_end(tmp_path: Path):
    at = [datetime(2026, 1, 1, tzinfo=UTC)]

    def now() -> datetime:
        return at[0]

    first = certificate_for(LAN.address, tmp_path / "phones", now)
    assert stat.S_IMODE(first.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.file.parent.stat().st_mode) == 0o700
    assert certificate_for(ULA.address, tmp_path / "phones", now).fingerprint != first.fingerprint
    at[0] = first.until - RENEWED - timedelta(seconds=1)
    assert certificate_for(LAN.address, tmp_path / "phones", now) == first
    at[0] = first.until - RENEWED + timedelta(seconds=1)
    second = certificate_for(LAN.address, tmp_path / "phones", now)
    assert (second.fingerprint != first.fingerprint, second.until > first.until) == (True, True)


def test_what_a_certificate_says(tmp_path: Path):
    made = certificate_for(ULA.address, tmp_path)
    found = x509.load_pem_x509_certificate(made.file.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.IPAddress) == [ULA.address]
    assert found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert found.not_valid_after_utc - found.not_valid_before_utc == VALID
    der = ssl.PEM_cert_to_DER_cert(made.file.read_text()[made.file.read_text().index("-----BEGIN CERT") :])
    assert made.fingerprint.replace(":", "").lower() == hashlib.sha256(der).hexdigest()
    assert made.context().minimum_version == ssl.TLSVersion.TLSv1_3


def spoiled(file: Path) -> None:
    file.write_text("no certificate")


def readable(file: Path) -> None:
    file.chmod(0o644)


def keyless(file: Path) -> None:
    text = file.read_text()
    file.write_text(text[text.index("-----BEGIN CERT") :])


def linked(file: Path) -> None:
    file.rename(file.with_suffix(".old"))
    file.symlink_to(file.with_suffix(".old"))


@pytest.mark.parametrize("spoil", [spoiled, readable, keyless, linked])
def test_a_key_that_others_may_have_or_nobody_has_is_made_anew(tmp_path: Path, spoil: Callable[[Path], None]):
    first = certificate_for(LAN.address, tmp_path)
    spoil(first.file)
    second = certificate_for(LAN.address, tmp_path)
    assert second.fingerprint != first.fingerprint
    assert stat.S_IMODE(second.file.lstat().st_mode) == 0o600
    assert not second.file.is_symlink()


def test_phones_are_kept_by_the_hash_of_their_cookie(tmp_path: Path):
    devices = Devices(tmp_path)
    token = devices.pair("iPhone, Safari")
    assert token not in (tmp_path / FILE).read_text()
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    elsewhere = Devices(tmp_path)  # another process
    assert [d.name for d in elsewhere.all()] == ["iPhone, Safari"]
    known = elsewhere.known(token)
    assert known is not None
    assert (known.number, devices.known(known.token_sha256), devices.known(None)) == (1, None, None)
    assert elsewhere.revoke(1).name == "iPhone, Safari"
    assert devices.known(token) is None
    with pytest.raises(NotFoundError, match="iconface phones list"):
        devices.revoke(1)
    devices.pair("iPad, Safari")
    assert [d.number for d in devices.all()] == [2]  # a number is not used again


def test_phones_are_forgotten_after_a_season_and_seen_meanwhile(tmp_path: Path):
    at = [datetime(2026, 1, 1, tzinfo=UTC)]
    devices = Devices(tmp_path, lambda: at[0])
    token = devices.pair("iPhone")
    at[0] += timedelta(days=DAYS - 1)
    assert devices.known(token)
    assert devices.all()[0].seen_at == at[0].isoformat()
    at[0] += timedelta(days=1)
    assert devices.known(token) is None
    assert devices.all() == []


def test_there_are_never_too_many(tmp_path: Path):
    devices = Devices(tmp_path)
    tokens = [devices.pair(f"phone {n}") for n in range(MAX_DEVICES + 2)]
    assert len(devices.all()) == MAX_DEVICES
    assert [devices.known(t) is not None for t in tokens] == [False, False, *[True] * MAX_DEVICES]


def test_a_damaged_list_lets_nobody_in(tmp_path: Path):
    devices = Devices(tmp_path)
    token = devices.pair("iPhone")
    (tmp_path / FILE).write_text("{")
    assert devices.known(token) is None
    with pytest.raises(AppError, match="remove it, and pair them again"):
        devices.all()


@given(st.text())
def test_a_phone_is_called_by_words_of_ours(user_agent: str):
    assert not set(device_name(user_agent)) & set("<>&\"'\n")


def test_a_camera_reads_the_code_in_a_terminal():
    text = "https://192.168.1.5:8766/pair?code=fNtEjId50FcKe67tvB0VbA"
    drawn = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in lines(text)]
    light = np.zeros((2 * len(drawn), len(drawn[0])), np.uint8)
    for y, line in enumerate(drawn):
        for x, block in enumerate(line):
            light[2 * y : 2 * y + 2, x] = {"█": (255, 255), "▀": (255, 0), "▄": (0, 255)}.get(block, (0, 0))
    assert cv2.QRCodeDetector().detectAndDecode(np.kron(light, np.full((8, 8), 1, np.uint8)))[0] == text


def test_phones_are_told_apart():
    webkit = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
    iphone = f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {webkit} Version/18.1 Mobile/15E148 Safari/604.1"
    android = "Mozilla/5.0 (Android 15; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0"
    pixel = f"Mozilla/5.0 (Linux; Android 10; K) {webkit} Chrome/130.0.0.0 Mobile Safari/537.36"
    assert [device_name(a) for a in (iphone, android, pixel, "")] == [
        "iPhone, Safari",
        "Android phone, Firefox",
        "Android phone, Chrome",
        "A device",
    ]
