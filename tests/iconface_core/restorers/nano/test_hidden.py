"""What local damage hides: what is not hidden stays as it is, and what is gets the colours around it."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.restorers.nano.hidden import HiddenNet, filled, hidden_share


def picture(seed: int = 0) -> torch.Tensor:
    return torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@given(seed=st.integers(0, 99), share=st.floats(0, 0.9))
@settings(max_examples=20)
def test_what_is_not_hidden_is_not_touched(seed: int, share: float):
    image = picture(seed)
    hidden = (torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(seed)) < share).float()
    out = filled(image, hidden)
    kept = (hidden == 0).expand_as(image)
    assert torch.equal(out[kept], image[kept])
    assert torch.isfinite(out).all()
    assert float(out.min()) >= float(image[kept].min()) - 1e-4  # a mean of what is known
    assert float(out.max()) <= float(image[kept].max()) + 1e-4


@given(grey=st.floats(-1, 1))
@settings(max_examples=10)
def test_a_hole_in_a_flat_picture_is_gone(grey: float):
    hidden = torch.zeros(1, 1, 64, 64)
    hidden[..., 10:50, 5:60] = 1
    image = torch.where(hidden > 0, torch.tensor(1.0), torch.tensor(grey)).expand(1, 3, 64, 64)
    torch.testing.assert_close(filled(image, hidden), torch.full((1, 3, 64, 64), grey), atol=1e-4, rtol=0)


def test_a_scratch_over_a_slope_is_filled_by_the_slope():
    slope = torch.linspace(-1, 1, 64).expand(1, 3, 64, 64).contiguous()
    hidden = torch.zeros(1, 1, 64, 64)
    hidden[..., 30:33] = 1
    out = filled(torch.where(hidden > 0, torch.tensor(1.0), slope), hidden)
    assert float((out - slope).abs().max()) < 0.1


def test_nothing_known_is_no_error():
    assert torch.isfinite(filled(picture(), torch.ones(1, 1, 64, 64))).all()


def test_the_share_grows_with_the_certainty_and_takes_the_rim():
    logits = torch.full((1, 1, 9, 9), -9.0)
    assert float(hidden_share(logits).max()) == 0
    logits[..., 4, 4] = 9.0
    share = hidden_share(logits)[0, 0].numpy()
    assert np.array_equal(np.argwhere(share == 1).min(0), [3, 3])
    assert np.array_equal(np.argwhere(share == 1).max(0), [5, 5])
    assert share.sum() == 9


def test_a_glint_is_no_scratch():
    """Eyes of clear photos have bright dots: too few to be dust."""
    logits = torch.full((2, 1, 64, 64), -9.0)
    logits[:, :, 30, 30:32] = 9.0
    logits[1, :, 10, :] = 9.0
    clear, scratched = hidden_share(logits)
    assert float(clear.max()) == 0
    assert float(scratched.max()) == 1


def test_a_fresh_network_finds_nothing():
    with torch.no_grad():
        logits = HiddenNet(8)(picture())
    assert logits.shape == (1, 1, 64, 64)
    assert float(hidden_share(logits).max()) == 0
