"""What the scripts of the pages say; every page brings their words along (static/js/words.js)."""

from ...languages import N_, lookup, spoken

WORDS = (
    N_("iconface has ended"),
    N_("Copied"),
    N_("Box {width} by {height} pixels, {x} percent from the left, {y} percent from the top"),
    N_("{n} selected"),
    N_("Known people"),
    N_("The picture is copied."),
    N_("The browser did not let that happen. Save a copy instead."),
    N_("Light or dark: now {theme}"),
    N_("as the system has it"),
    N_("dark"),
    N_("light"),
    N_("Undo"),
    N_("Close this message"),
    N_("That took too long. Please try again."),
    N_("That did not work. Please try again."),
    N_("“{file}” is too large: at most {n} MB."),
    N_("Taking in {n} of {all} photos …"),
    N_("Taking in the photo …"),
    N_("The photo could not be sent. Please try again."),
)


def script_words() -> dict[str, str]:
    """By what stands in the scripts; empty in English, which they speak themselves."""
    return {} if spoken() == "en" else {words: lookup(words) for words in WORDS}
