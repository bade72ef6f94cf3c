"""The public names."""

from plugin.api import *  # noqa: F403
