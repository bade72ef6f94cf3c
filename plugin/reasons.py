"""Every reason that the application itself gives, by subject; those of the core are in `iconface_core/reason_codes.py`.

A new one: its code here, its words in `reason_words.py`, and other words where a front end says it differently.
"""

from iconface_core.reasons import Code, Reason

# Anything that went wrong
IN_FILE = Code("in_file", path=str, why=Reason)
STATED = Code("stated", text=str)
"""The message of an error that explains itself, or a remark."""
SYSTEM_ERROR = Code("system_error", detail=str)
NO_MEMORY = Code("no_memory")
LICENCE_NEEDED = Code("licence_needed", text=str)
UNEXPECTED = Code("unexpected", error=str, detail=str)
UNREADABLE = Code("unreadable", error=str, detail=str)

# A photo without the face that was asked for
CHANGED_SINCE = Code("changed_since")
IS_FOLDER = Code("is_folder", path=str)
PHOTO_MISSING = Code("photo_missing")
NO_FACE = Code("no_face")
FACES_GONE = Code("faces_gone", path=str, face_ids=tuple)
NO_SUCH_FACE = Code("no_such_face", path=str, number=int, known=tuple)

# What ages say of a question: two people who may be one at different ages; children, who look like one another
YEARS_BETWEEN = Code("years_between", years=int, low=int, high=int, other_low=int, other_high=int)
SMALL_CHILDREN = Code("small_children")

# A folder of the library that cannot be looked through
CANNOT_OPEN_FOLDER = Code("cannot_open_folder", path=str, detail=str)
EMPTY_FOLDER = Code("empty_folder", path=str, photos=int)
FOLDER_MOVED = Code("folder_moved", path=str, photos=int)
FOLDER_OFFLINE = Code("folder_offline", path=str)
NO_DAILY_BACKUP = Code("no_daily_backup", why=Reason)
MANY_GONE = Code("many_gone", path=str, gone=int, of=int)

# Whose face it is, and how that is known. A name is None for a person without one.
YOU_SAID_SO = Code("you_said_so")
YOU_CONFIRMED_IT = Code("you_confirmed_it")
GROUPED_WITH = Code("grouped_with", person=int, name=str | None)
GROUPED_BUT = Code("grouped_but", person=int, name=str | None, looks=Reason)
WITH_HINT = Code("with_hint", why=Reason, person=int, name=str | None, hint=Reason)
IDENTIFIED = Code("identified", person=int, name=str | None, how=str, why=Reason)
NOBODY_KNOWN = Code("nobody_known", why=Reason)

# Which references are used, and why none
YOU_CHOSE_IT = Code("you_chose_it")
YOU_GAVE_IT = Code("you_gave_it")
NONE_ASKED = Code("none_asked")
NONE_WITHOUT_PERSON = Code("none_without_person")
NO_PERSON_NO_REFERENCES = Code("no_person_no_references")
NONE_READABLE = Code("none_readable")
NONE_USED = Code("none_used", restorer=str)
REFERENCE_LEFT_OUT = Code("reference_left_out", why=Reason)
JUDGED_WITHOUT_REFERENCES = Code("judged_without_references", verdict=Reason)
LESS_STRENGTH = Code("less_strength", strength=float)

# Why a face is left alone
OUR_COPY = Code("our_copy")
DRY_RUN = Code("dry_run")
UNSEEN = Code("unseen", mean=float | None, share=float | None, least=float | None)
REFUSED = Code("refused", verdict=Reason)
HOPELESS = Code("hopeless", quality=float)
NOBODY = Code("nobody")
NO_VECTOR = Code("no_vector")
PHOTO_IS = Code("photo_is", state=str)
FACE_IS = Code("face_is", state=str)
NOT_MEASURED = Code("not_measured")
FACE_GONE = Code("face_gone")
NOTHING_TO_RESTORE = Code("nothing_to_restore")
NOTHING_DONE = Code("nothing_done")

# What the steps of a whole photo came to
DAMAGE_FILLED = Code("damage_filled", share=float)
NO_DAMAGE = Code("no_damage")
FACES_NOT_FILLED = Code("faces_not_filled", faces=int)
TONES_CORRECTED = Code("tones_corrected")
NOT_FADED = Code("not_faded")
BACKGROUND_CLEANED = Code("background_cleaned", noise=float)
BACKGROUND_CLEAR = Code("background_clear")
FACES_NOT_CLEANED = Code("faces_not_cleaned", faces=int)
COLOURS_INVENTED = Code("colours_invented", model=str)
HAS_COLOURS = Code("has_colours")
NO_COLOURS_FOUND = Code("no_colours_found", model=str)
FINE_NOISE = Code("fine_noise", noise=float)
FACES_WITH_COPY = Code("faces_with_copy", faces=int)
PHOTO_RESTORED = Code("photo_restored", faces=int)

# What earlier restorations of a face say
ACCEPTED = Code("accepted", restoration=int)
REJECTED_BEFORE = Code("rejected_before", restoration=int)
TAKEN_BACK = Code("taken_back", restoration=int)
UNSEEN_BEFORE = Code("unseen_before", restoration=int)
REFUSED_BEFORE = Code("refused_before", restoration=int)
DELETED = Code("deleted", restoration=int, output=str)
RESTORED_ALREADY = Code("restored_already", restoration=int, output=str)

# Why a clean-up leaves a face out
NO_GOOD_REFERENCE = Code("no_good_reference")
FEWER_REFERENCES = Code("fewer_references", least=int)
NO_VISIBLE_GAIN = Code("no_visible_gain")
LITTLE_TO_GAIN = Code("little_to_gain")

# Why a job failed or was given back
WORKER_ENDED = Code("worker_ended", status=int)
WORKER_KILLED = Code("worker_killed", signal=str)
WORKER_TOO_LARGE = Code("worker_too_large", megabytes=int)
NO_PROGRESS = Code("no_progress", seconds=float)
WORKER_HANGS = Code("worker_hangs")
QUARANTINED = Code("quarantined", cause=Reason, times=int)
"""Of a photo that is left alone until somebody asks to read it again."""
PAYLOAD_UNREADABLE = Code("payload_unreadable", detail=str)

# What came of a job
RESTORED = Code("restored", faces=int, names=tuple, unsure=int)
RESTORED_UNSURE = Code("restored_unsure", faces=int, who=Reason)
NOTHING_NEW = Code("nothing_new")
SCANNED = Code("scanned", new=int, changed=int, moved=int, back=int, missing=int, unreadable=int, offline=tuple)
SPREAD = Code("spread", jobs=int)
LOOKED = Code("looked", photos=int, unreadable=int)
GROUPED = Code("grouped", people=int)
FOLDER_REMOVED = Code("folder_removed")
LATER = Code("later", why=Reason)
PROPOSED = Code("proposed", counts=tuple)
FACES_ENDED_AS = Code("faces_ended_as", count=int, what=str)
MEASURED = Code("measured", faces=int)
FACE_TAKEN_BACK = Code("face_taken_back")
FACE_LEARNT = Code("face_learnt")
ANOTHER_CLEANUP = Code("another_cleanup")
WAITING = Code("waiting", why=str)
FED = Code("fed", fed=int, of=int)
