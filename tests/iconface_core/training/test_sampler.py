"""Sampler laws: right people, never the target, one reference count, as balanced as asked, repeatable."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.errors import PackError
from iconface_core.training.data.augment import another_photo
from iconface_core.training.data.batch import load_batch
from iconface_core.training.data.sampler import PAPER_SHARES, Picks, Sampler, reference_count
from iconface_core.training.data.shards import open_pack

PEOPLE = st.lists(st.integers(1, 7), min_size=1, max_size=12)  # photos of each person


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gallery(counts: list[int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Every second face of a pack is in the split; people are mixed."""
    owners = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    identities = np.full(2 * len(owners), 999)
    faces = np.arange(len(owners)) * 2
    identities[faces] = owners
    return faces, identities


@given(counts=PEOPLE, references=st.integers(0, 3), size=st.integers(1, 20), seed=st.integers(0, 99))
def test_references_are_other_photos_of_the_same_person(counts: list[int], references: int, size: int, seed: int):
    faces, identities = gallery(counts, seed)
    sampler = Sampler(faces, identities)
    assert sampler.most_references == max(counts) - 1
    if references > sampler.most_references:
        with pytest.raises(PackError, match="references"):
            sampler.draw(size, references, seeded(seed))
        return
    picks = sampler.draw(size, references, seeded(seed))
    assert picks.targets.shape == (size,)
    assert picks.references.shape == (size, references)
    assert not picks.made.any()
    for target, others in zip(picks.targets.tolist(), picks.references.tolist(), strict=True):
        assert target in faces
        assert target not in others
        assert len(set(others)) == references
        assert {identities[o] for o in others} <= {identities[target]}


@given(counts=PEOPLE, references=st.integers(0, 3), seed=st.integers(0, 99))
def test_people_do_not_repeat_while_there_are_enough(counts: list[int], references: int, seed: int):
    able = sum(c > references for c in counts)
    if not able:
        return
    faces, identities = gallery(counts, seed)
    picks = Sampler(faces, identities).draw(able, references, seeded(seed))
    assert len({identities[t] for t in picks.targets.tolist()}) == able


@given(counts=st.lists(st.integers(3, 7), min_size=1, max_size=12), seed=st.integers(0, 2**31))
def test_a_batch_follows_from_its_generator(counts: list[int], seed: int):
    sampler = Sampler(*gallery(counts), made=0.5)
    first, second = (sampler.draw(5, 2, seeded(seed)) for _ in range(2))
    assert torch.equal(first.targets, second.targets)
    assert torch.equal(first.references, second.references)
    assert torch.equal(first.made, second.made)


@given(counts=PEOPLE, references=st.integers(1, 3), seed=st.integers(0, 99))
def test_made_references_are_the_target_and_say_so(counts: list[int], references: int, seed: int):
    picks = Sampler(*gallery(counts), made=1.0).draw(6, references, seeded(seed))
    assert picks.made.all()
    assert (picks.references == picks.targets[:, None]).all()


@pytest.mark.parametrize(("balance", "expected"), [(0.0, 0.9), (0.5, 0.75), (1.0, 0.5)])
def test_balance_weighs_people_against_photos(balance: float, expected: float):
    """One person has nine times the photos of the other."""
    faces, identities = gallery([90, 10])
    sampler, g = Sampler(faces, identities, balance=balance), seeded()
    drawn = Counter(int(identities[sampler.draw(1, 1, g).targets[0]]) for _ in range(1500))
    assert drawn[0] / 1500 == pytest.approx(expected, abs=0.04)


@given(point=st.floats(0, 1, exclude_max=True), shares=st.lists(st.integers(0, 5), min_size=1, max_size=5))
def test_reference_counts_have_their_shares(point: float, shares: list[int]):
    if not any(shares):
        with pytest.raises(ValueError, match="positive"):
            reference_count(shares, point)
        return
    chosen = reference_count(shares, point)
    assert shares[chosen] > 0
    below = sum(shares[:chosen]) / sum(shares)
    assert below - 1e-9 <= point <= below + shares[chosen] / sum(shares) + 1e-9


def test_reference_counts_of_the_paper():
    counts = Counter(reference_count(PAPER_SHARES, (i + 0.5) / 1000) for i in range(1000))
    assert counts == {0: 300, 1: 300, 2: 200, 3: 200}


def test_an_empty_split_is_said():
    with pytest.raises(PackError, match="empty"):
        Sampler(np.array([], np.int64), np.array([], np.int64))


def test_a_batch_is_what_was_picked(make_pack: Callable[..., Path]):
    pack = open_pack(make_pack())
    picks = Sampler(pack.faces("train"), pack.identities).draw(5, 3, seeded())
    batch = load_batch(pack, picks, seeded(), flip=0)
    assert batch.references.shape == (5, 3, 3, pack.size, pack.size)
    for row, target in enumerate(picks.targets.tolist()):
        pixels = ((batch.clean[row] + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
        assert np.array_equal(pixels, pack.image(target))
        assert np.array_equal(batch.clean_vector[row].numpy(), pack.vectors[target])
        assert batch.identity[row] == pack.identities[target]
        for column, other in enumerate(picks.references[row].tolist()):
            assert np.array_equal(batch.reference_vectors[row, column].numpy(), pack.vectors[other])
            assert batch.reference_norms[row, column] == pack.norms[other]
    mirrored = load_batch(pack, picks, seeded(), flip=1)
    assert torch.equal(mirrored.clean, batch.clean.flip(-1))
    assert torch.equal(mirrored.references, batch.references.flip(-1))


def test_a_batch_without_references_is_a_batch(make_pack: Callable[..., Path]):
    pack = open_pack(make_pack())
    batch = load_batch(pack, Sampler(pack.faces("validation"), pack.identities).draw(1, 0, seeded()), seeded())
    assert batch.references.shape == (1, 0, 3, pack.size, pack.size)
    assert batch.reference_vectors.shape == (1, 0, 128)


def test_own_photos_never_pass_as_references_unaltered(make_pack: Callable[..., Path]):
    pack = open_pack(make_pack())
    picks = Sampler(pack.faces("train"), pack.identities, made=1.0).draw(4, 2, seeded())
    with pytest.raises(ValueError, match="make_references"):
        load_batch(pack, picks, seeded())
    batch = load_batch(pack, picks, seeded(), make_references=another_photo)
    difference = (batch.references - batch.clean[:, None]).abs().mean((2, 3, 4))
    assert (difference > 0.05).all()
    assert not torch.equal(batch.references[:, 0], batch.references[:, 1])


def test_another_photo_is_seeded_and_bounded():
    photos = torch.rand(6, 3, 48, 48, generator=seeded()) * 2 - 1
    varied = another_photo(photos, seeded(1))
    assert torch.equal(varied, another_photo(photos, seeded(1)))
    assert varied.shape == photos.shape
    assert varied.min() >= -1
    assert varied.max() <= 1


def test_picks_of_some_made_some_real(make_pack: Callable[..., Path]):
    pack = open_pack(make_pack())
    picks = Picks(torch.tensor([0, 4]), torch.tensor([[1], [4]]), torch.tensor([False, True]))
    batch = load_batch(pack, picks, seeded(), flip=0, make_references=lambda images, _: -images)
    assert torch.equal(batch.references[1, 0], -batch.clean[1])
    neighbour = Picks(torch.tensor([1]), torch.empty((1, 0), dtype=torch.long), torch.tensor([False]))
    assert torch.equal(batch.references[0, 0], load_batch(pack, neighbour, seeded(), flip=0).clean[0])
