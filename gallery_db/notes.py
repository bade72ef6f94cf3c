"""Keys in `meta` of what is left to do when a process is killed there; the next one that opens the gallery does it."""

FORGETTING = "forgetting"
"""Somebody is being forgotten."""
COPIES_TO_REMOVE = "copies_to_remove"
"""Restorations whose copies a decision wants gone (decisions/removals.py)."""
CLEARING_PICTURES = "clearing_pictures"
"""The pictures that the review page keeps have to go."""
NOTES = (FORGETTING, COPIES_TO_REMOVE, CLEARING_PICTURES)
