"""Whether phones may come in, how, and which were paired."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...languages import ngettext
from ..phone.devices import Device
from ..phone.door import OpenDoor, PhoneDoor
from ..phone.networks import HomeAddress
from ..phone.qr import svg


@dataclass(frozen=True, slots=True)
class PhonesView:
    """`code` is the QR code as SVG, "" while none waits; `url` is where it leads. `now` differs when anything shown
    does."""

    door: OpenDoor | None
    code: str
    url: str
    left: str
    devices: Sequence[Device]
    addresses: Sequence[HomeAddress]
    now: str


def phones_view(door: PhoneDoor, addresses: Sequence[HomeAddress]) -> PhonesView:
    """As it is now. Makes no code: reading changes nothing. Raises AppError when the list of phones cannot be read."""
    opened, devices = door.opened, list(door.devices.all())
    waiting = opened is not None and opened.entrance.invitations.waiting
    url = opened.entrance.address() if opened is not None and waiting else ""
    left = ngettext("{n} minute", "{n} minutes", opened.minutes_left) if opened is not None else ""
    seen = ",".join(f"{d.number}:{d.seen_at[:16]}" for d in devices)
    now = f"{left}-{waiting}-{seen}-{','.join(str(a.address) for a in addresses)}"
    return PhonesView(opened, svg(url) if url else "", url, left, devices, addresses, now)
