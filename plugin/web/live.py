"""What open pages are told without asking: jobs moved on, something was decided. One poller for all of them."""

from gallery_db import Gallery


class Live:
    """Tells open pages of changes; see `pages/events.py`."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery

    def close(self) -> None:
        """Tell no more."""
