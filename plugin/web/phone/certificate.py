"""The certificate that a phone is shown: made by this machine, one for each address, the same until it nears its end.

Nobody else vouches for it. What a browser accepted once it knows again, and warns when it is another; the fingerprint
stands on both sides, to be compared.
"""

import ipaddress
import os
import ssl
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ...paths import make_private, write_private

if TYPE_CHECKING:
    from cryptography import x509

VALID = timedelta(days=397)
"""Browsers take nothing longer."""

RENEWED = timedelta(days=30)
"""So long before its end a new one is made."""

EARLIER = timedelta(days=1)
"""It counts from a day ago on: the clock of a phone may be behind."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """`file` holds key and certificate (PEM, 0600); `fingerprint` is SHA-256 as browsers show it, "AB:CD:...";
    `until` is in UTC."""

    file: Path
    fingerprint: str
    until: datetime

    def context(self) -> ssl.SSLContext:
        """For a server that shows it. TLS 1.3 only: whoever can draw the page can do that."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version = ssl.TLSVersion.TLSv1_3
        made.load_cert_chain(self.file)
        return made


def _now() -> datetime:
    return datetime.now(UTC)


def certificate_for(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, folder: Path, now: Callable[[], datetime] = _now
) -> Certificate:
    """The one in `folder` for `address`, or a new one: where there is none, where it nears its end, cannot be read, or
    could have been read by other users. Raises OSError when it cannot be written."""
    make_private(folder)
    file = folder / f"{str(address).replace(':', '-')}.pem"  # Windows has no colons in names
    found = _read(file)
    if found is None or found.not_valid_after_utc - now() < RENEWED:
        write_private(file, _make(address, now()))
        found = _read(file)
    if found is None:
        raise OSError(f"{file} cannot be read back")
    return Certificate(file, _fingerprint(found), found.not_valid_after_utc)


def _read(file: Path) -> "x509.Certificate | None":
    from cryptography import x509

    try:
        if os.name == "posix" and stat.S_IMODE(file.lstat().st_mode) != 0o600:
            return None  # others could have the key; a link is none of ours
        found = x509.load_pem_x509_certificate(file.read_bytes())
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file)  # the key is there, and belongs to it
    except (OSError, ValueError, ssl.SSLError):
        return None
    return found


def _make(address: ipaddress.IPv4Address | ipaddress.IPv6Address, now: datetime) -> bytes:
    """Key and certificate, PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "iconface, at home")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now - EARLIER + VALID)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(address)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + made.public_bytes(serialization.Encoding.PEM)


def _fingerprint(certificate: "x509.Certificate") -> str:
    from cryptography.hazmat.primitives import hashes

    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()
