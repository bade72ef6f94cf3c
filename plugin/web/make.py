"""Everything a site needs, around one application."""

from collections.abc import Generator
from contextlib import contextmanager

from ..app import App
from .context import Web
from .pictures import Pictures
from .responses import make_templates
from .server.live import Live
from .server.session import Sessions


@contextmanager
def make_web(app: App, port: int) -> Generator[Web]:
    """What the pages of a site on `port` are given; its threads end with the block."""
    folder = app.settings.folders.web_pictures
    pictures = Pictures(app.gallery, folder, max_pixels=app.settings.max_megapixels * 1_000_000)
    live = Live(app.gallery)
    try:
        yield Web(app, pictures, make_templates(), Sessions(port), live, port)
    finally:
        live.close()
        pictures.close()
