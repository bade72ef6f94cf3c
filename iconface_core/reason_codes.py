"""Every reason that the core and the queue give, by subject. Their words: `plugin/core_reason_words.py`."""

from .reasons import Code, Reason

# A file that is not a photo to us
FILE_MISSING = Code("file_missing")
NOT_PERMITTED = Code("not_permitted")
CANNOT_OPEN = Code("cannot_open", detail=str)
CANNOT_READ = Code("cannot_read", detail=str)
FILE_EMPTY = Code("file_empty")
NOT_A_PICTURE = Code("not_a_picture", first_bytes=str)
HEADER_DAMAGED = Code("header_damaged", format=str, detail=str)
PICTURE_DAMAGED = Code("picture_damaged", format=str, detail=str)
NOT_CONVERTIBLE = Code("not_convertible", mode=str, detail=str)
TOO_MANY_BYTES = Code("too_many_bytes", bytes=int, most=int, megapixels=float)
TOO_MANY_PIXELS = Code("too_many_pixels", width=int, height=int, megapixels=float)
TOO_LARGE_IN_FULL = Code("too_large_in_full", width=int, height=int, megapixels=float)
TOO_LARGE_TO_DECODE = Code("too_large_to_decode", detail=str)
NO_RAW_PREVIEW = Code("no_raw_preview", detail=str)

# A copy that cannot be written
DISK_FULL = Code("disk_full")
CANNOT_WRITE = Code("cannot_write", detail=str)
NO_COPY = Code("no_copy", detail=str)
CANNOT_ENCODE = Code("cannot_encode", format=str, detail=str)

# What a restorer gave is no picture of the face
OUTPUT_NOT_FINITE = Code("output_not_finite", restorer=str)
OUTPUT_OUT_OF_RANGE = Code("output_out_of_range", restorer=str, share=float)
OUTPUT_FLAT = Code("output_flat", restorer=str)
OUTPUT_SHAPE = Code("output_shape", restorer=str, found=str, wanted=str)

# A job of the queue
WORKER_DIED = Code("worker_died")

# How degraded a face is
FEW_PIXELS = Code("few_pixels", px=float)
NOISY = Code("noisy", noise=float)
JPEG_BLOCKS = Code("jpeg_blocks")
BLURRED = Code("blurred")
SCRATCHES = Code("scratches")
SPECKS = Code("specks")
FADED = Code("faded")
WORN_PRINT = Code("worn_print")
HARD_TO_RECOGNISE = Code("hard_to_recognise", quality=float)

# Why a face needs no restoration, or is beyond it
TOO_SMALL = Code("too_small", px=float, least=float)
SHARP_ALREADY = Code("sharp_already", degradation=float)

# What speaks for a reference
QUALITY = Code("quality", quality=float)
ONLY_FACE = Code("only_face")
LIKENESS = Code("likeness", similarity=float, others=int)
POSE = Code("pose", degrees=float)
FACE_SIZE = Code("face_size", px=float)
DATE_UNKNOWN = Code("date_unknown")
YEARS_APART = Code("years_apart", years=float)
LOOKS_AGED = Code("looks_aged", low=int, high=int, degraded_low=int, degraded_high=int)
CONFIRMED = Code("confirmed")
NOT_CONFIRMED = Code("not_confirmed")

# Why a face is not a reference
OUR_OUTPUT = Code("our_output")
REJECTED = Code("rejected")
SAME_PHOTO = Code("same_photo")
SAME_CONTENT = Code("same_content")
SAME_LOOK = Code("same_look")
SAME_PICTURE = Code("same_picture", similarity=float)
SAME_BURST = Code("same_burst", seconds=float)
UNSURE_PERSON = Code("unsure_person")
UNLIKE = Code("unlike", similarity=float)
LOW_QUALITY = Code("low_quality", quality=float, least=float)
LOW_DET_SCORE = Code("low_det_score", score=float, least=float)
REFERENCE_SMALL = Code("reference_small", px=float, least=float)
OTHER_AGE = Code("other_age", low=int, high=int, degraded_low=int, degraded_high=int)
LOW_SCORE = Code("low_score", score=float, least=float, reasons=tuple)
REPEATS = Code("repeats", face_id=int)
NOT_NEEDED = Code("not_needed", score=float, limit=int)

# A choice of references as a whole
REFERENCES_CHOSEN = Code("references_chosen", chosen=int, of=int)
NO_OTHER_FACE = Code("no_other_face")
NONE_GOOD_ENOUGH = Code("none_good_enough", faces=int, refused=tuple)
REFUSED_FACES = Code("refused_faces", count=int, refusal=str)

# Is the restored face still the same person?
OTHER_PERSON = Code("other_person")
NO_LONGER_MATCHES = Code("no_longer_matches")
MUCH_LESS_LIKE = Code("much_less_like")
LESS_LIKE = Code("less_like")
NOBODY_TO_COMPARE = Code("nobody_to_compare")
NOT_SURELY_ORIGINAL = Code("not_surely_original")
NEITHER_SURELY = Code("neither_surely")
LITTLE_LESS_LIKE = Code("little_less_like")
DIFFERS_TOO_MUCH = Code("differs_too_much")
STILL_MATCHES = Code("still_matches")

# Why this one of several restorations: `made_by` are MADE_BY, two for a blend; shares are 0..1
CHOSEN = Code("chosen", made_by=tuple, candidates=int, because=tuple)
MADE_BY = Code("made_by", restorer=str, weights_sha256=str, strength=float, references=int)
MORE_LIKE_THEM = Code("more_like_them", share=float)
EXPLAINS_PHOTO = Code("explains_photo", share=float)
CLEARER = Code("clearer", share=float)
BEST_ON_SUCH = Code("best_on_such")
STEADIER = Code("steadier")

# Whose face is it? A name is None for a person without one.
_WHO = {"person": int, "name": str | None, "posterior": float, "similarity": float, "faces": int}
NO_PERSON_TO_COMPARE = Code("no_person_to_compare", excluded=int)
KNOWN = Code("known", **_WHO, next=Reason | None)
CLOSEST = Code("closest", **_WHO)
BETWEEN = Code("between", first=Reason, second=Reason)
PERHAPS = Code("perhaps", **_WHO)
LIKELY = Code("likely", person=int, name=str | None, posterior=float)
NEXT = Code("next", person=int, name=str | None, posterior=float)
SEEN_WITH = Code("seen_with", photos=int, person=int, name=str | None)
SEEN_THAT_DAY = Code("seen_that_day", photos=int)

# When a photo was taken: ages in years, birth years and years of photos; a name as above
_LOOKS = {"person": int, "name": str | None, "low": int, "high": int}
LOOKS_AND_BORN = Code("looks_and_born", **_LOOKS, born=int)
LOOKS_AND_BORN_ABOUT = Code("looks_and_born_about", **_LOOKS, first=int, last=int, photos=int)
MOST_ALIKE_IN = Code("most_alike_in", year=int)
BETWEEN_PHOTOS = Code("between_photos", first=int, last=int)
