"""What an error of the latents costs in pixels, on a decoder whose answer is known."""

from __future__ import annotations

import pytest
import torch

from training.sensitivity import EVEN, sensitivity, shown


class Painter(torch.nn.Module):
    """Every latent cell makes 3 pixels of its own by a matrix; in the first frame half as strong."""

    def __init__(self) -> None:
        """Of 64 channels, the second half of which show nothing."""
        super().__init__()
        dice = torch.Generator().manual_seed(3)
        self.matrix = torch.randn(3, 64, generator=dice)
        self.matrix[:, 32:] = 0
        self.decoder = self.paint

    def paint(self, latents: torch.Tensor) -> torch.Tensor:
        """B 64 F H W to B 3 F H W."""
        made = torch.einsum("ij,bjfhw->bifhw", self.matrix, latents)
        return torch.cat([0.5 * made[:, :, :1], made[:, :, 1:]], dim=2)


@pytest.fixture
def roots() -> torch.Tensor:
    """As measured on three clips."""
    return sensitivity(Painter(), torch.randn(3, 64, 3, 6, 6, generator=torch.Generator().manual_seed(1)))


@pytest.mark.parametrize("frame", [0, 1, 2])
def test_an_error_costs_about_what_its_pixels_differ(roots: torch.Tensor, frame: int):
    painter = Painter()
    error = torch.zeros(2, 64, 3, 6, 6)
    error[:, :32, frame] = torch.randn(2, 32, 6, 6, generator=torch.Generator().manual_seed(2))
    real = painter.paint(error).square().sum(dim=(1, 2, 3, 4))
    assert torch.allclose(shown(roots, error), real, rtol=0.25)


def test_what_does_not_show_costs_the_even_share(roots: torch.Tensor):
    error = torch.zeros(1, 64, 3, 6, 6)
    error[:, 32:, 1:] = 1.0
    whole = EVEN * Painter().matrix.square().sum() / 64
    assert shown(roots, error).item() == pytest.approx(float(whole) * 32 * 2 * 36, rel=0.1)
