"""Everything a site needs, around one application."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from ..app import App
from ..settings import Settings
from .context import Web
from .phone.door import PhoneDoor
from .pictures import Pictures
from .responses import make_templates
from .server.guard import Entrance, Loopback
from .server.live import Live
from .server.proxy import Proxied, secret_of
from .server.session import Sessions
from .site import make_phone_site

PHONE_S = 30.0
"""A phone asks again for what changes after so many seconds: one that was revoked is out by then."""


def proxied(settings: Settings) -> Sequence[Proxied]:
    """The door for a reverse proxy, where the settings have one. Raises UsageError for a secret that is none."""
    address, secret, origin = settings.trusted_proxy, settings.proxy_secret_file, settings.web_address
    if address is None or secret is None or origin is None:  # all or none (`Choices`)
        return ()
    return (Proxied(address, secret_of(secret.expanduser()), origin),)


@contextmanager
def make_web(app: App, port: int) -> Generator[Web]:
    """What the pages of a site on `port` are given; its threads end with the block."""
    folder = app.settings.folders.web_pictures
    pictures = Pictures(app.gallery, folder, max_pixels=app.settings.max_megapixels * 1_000_000)
    live = Live(app.gallery)
    phone = PhoneDoor(
        app.settings.folders.phones,
        lambda: Live(app.gallery, longest_s=PHONE_S),
        lambda entrance, live: make_phone_site(web, entrance, live),
    )
    sessions = Sessions(port)
    entrances: Sequence[Entrance] = (Loopback(sessions, port), *proxied(app.settings))
    web = Web(app, pictures, make_templates(), sessions, live, port, phone, entrances)
    try:
        yield web
    finally:
        phone.close()
        live.close()
        pictures.close()
