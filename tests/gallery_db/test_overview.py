"""The library as a whole, against the same numbers counted by hand."""

from collections import Counter
from datetime import datetime
from itertools import combinations

import numpy as np

from gallery_db import Gallery

from .factories import found, photo

YEARS = (1, 1799, 1800, 1958, 1962, 1962, 1979, 1983, 1999, 2000, 2018, 2099, 2100)


def test_decades_pairs_and_ends(gallery: Gallery):
    rng = np.random.default_rng(5)
    with gallery.begin() as tx:
        assert tx.overview.decades().photos == {}
        people = [tx.decisions.create_person(name).person_id for name in "ABCDE"]
        dates: list[datetime | None] = []
        seen: list[set[int]] = []
        faces: dict[tuple[int, int], int] = {}
        for n in range(40):
            year = int(rng.choice(YEARS))
            at = None if n % 7 == 0 else datetime(year, 1 + n % 12, 1 + n % 28, n % 24)
            inside = [int(p) for p in rng.permutation(people)[: int(rng.integers(0, 4))]]
            photo_id = photo(tx, f"{n}.jpg", captured_at=at)
            stored = tx.faces.replace_for_photo(photo_id, [found(20.0 * i, i) for i in range(len(inside))]).stored
            for face, who in zip(stored, inside, strict=True):
                tx.decisions.assign([face.id], who)
                faces[who, n] = face.id
            dates.append(at)
            seen.append(set(inside))

        believed = [at.year // 10 * 10 for at in dates if at is not None and 1800 <= at.year < 2100]
        decades = tx.overview.decades()
        assert {d: n for d, n in decades.photos.items() if n} == Counter(believed)
        assert list(decades.photos) == list(range(min(believed), max(believed) + 1, 10))
        assert decades.undated == len(dates) - len(believed)

        some = people[:4]
        pairs = Counter(pair for inside in seen for pair in combinations(sorted(inside & set(some)), 2))
        assert tx.overview.together(some) == pairs

        ends = tx.overview.ends(some)
        for who in some:
            own = sorted((at, n) for n, at in enumerate(dates) if at is not None and who in seen[n])
            first, last = ends[who]
            assert (first.captured_at, last.captured_at) == (own[0][0].isoformat(), own[-1][0].isoformat())
            assert first.face_id in {faces[who, n] for at, n in own if at == own[0][0]}
            assert tx.faces.get(last.face_id).photo_id == last.photo_id
        assert not tx.overview.together([])
        assert not tx.overview.ends([])
