"""Why a face was left alone, as codes: sentences are for people, codes for whoever asks on."""

from enum import StrEnum

ALREADY_CLEAR = "already as clear as this restorer can make it"


class Skip(StrEnum):
    """Reasons that have a code; others are sentences only."""

    UNSEEN = "unseen"
    """Restored, but nobody would see the difference."""
    LESS_LIKE = "less_like"
    """Restored, but less like the person than the photo is, at any strength that shows."""
    HOPELESS = "hopeless"
    """Too little of a face is left, or it is hidden: what would be restored is the references."""
