"""Which addresses of this machine belong to a private network, and who is in the same one."""

import ipaddress
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...errors import UsageError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PRIVATE: tuple[Network, ...] = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
)
"""RFC 1918 and RFC 4193. `ipaddress.is_private` is wider: it counts networks that anybody may route."""

VIRTUAL = (
    "docker",
    "br-",
    "veth",
    "virbr",
    "vmnet",
    "vboxnet",
    "vethernet",
    "utun",
    "tun",
    "tap",
    "wg",
    "tailscale",
    "zt",
)
"""What interfaces of containers, virtual machines and tunnels are called: taken only where there is no other."""


@dataclass(frozen=True, slots=True)
class HomeAddress:
    """An address of this machine in a private network, by which phones there reach it."""

    address: Address
    network: Network
    interface: str

    @property
    def host(self) -> str:
        """As it stands in an address of the web: an IPv6 address in brackets."""
        return f"[{self.address}]" if self.address.version == 6 else str(self.address)

    def holds(self, peer: str) -> bool:
        """Whether whoever calls from `peer` is in this network."""
        try:
            return ipaddress.ip_address(peer) in self.network
        except ValueError:
            return False


def home_addresses() -> list[HomeAddress]:
    """All of this machine, the likeliest first: real interfaces before virtual ones, IPv4 before IPv6."""
    import psutil

    up = {name for name, stats in psutil.net_if_stats().items() if stats.isup}
    found = [
        home
        for name, addresses in psutil.net_if_addrs().items()
        if name in up
        for a in addresses
        if a.family in (socket.AF_INET, socket.AF_INET6) and not a.ptp
        for home in _private(name, a.address, a.netmask)
    ]
    return sorted(found, key=lambda h: (h.interface.lower().startswith(VIRTUAL), h.address.version))


def choose(found: Sequence[HomeAddress], wanted: str | None) -> HomeAddress:
    """The one that is `wanted`, or the likeliest. Raises UsageError for one that is public, or not of this machine, and
    where there is none."""
    if wanted is None:
        if not found:
            raise UsageError(
                "this machine has no address in a private network (10.x, 172.16-31.x, 192.168.x or fd...): connect it "
                "to the network at home that the phone is in"
            )
        return found[0]
    for home in found:
        if wanted.strip("[]") == str(home.address):
            return home
    known = ", ".join(str(h.address) for h in found) or "none"
    raise UsageError(f"{wanted} is no address of this machine in a private network; there is: {known}")


def _private(interface: str, address: str, netmask: str | None) -> Iterator[HomeAddress]:
    """None for an address that is not private."""
    own = ipaddress.ip_address(address.partition("%")[0])
    if any(own in net for net in PRIVATE):
        # Windows does not tell the mask of IPv6 networks; they have 64 bits.
        prefix = 64 if netmask is None else int(ipaddress.ip_address(netmask)).bit_count()
        yield HomeAddress(own, ipaddress.ip_network((own, prefix), strict=False), interface)
