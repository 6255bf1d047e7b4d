"""The dual-tree wavelets, the low-rank decomposition, matching pursuit and patches."""

from __future__ import annotations

import numpy as np
import pytest
import pywt

from fusionbench.methods._classical import dualtree, patches, pyramid

RNG = np.random.default_rng(3)


def test_dual_tree_wavelets_reconstruct() -> None:
    image = RNG.random((64, 96))
    np.testing.assert_allclose(dualtree.inverse(dualtree.forward(image, 4)), image, atol=1e-12)


def test_the_quarter_shift_filter_is_orthonormal() -> None:
    taps = dualtree.QUARTER
    for shift in range(0, 10, 2):
        assert taps[shift:] @ taps[: len(taps) - shift] == pytest.approx(
            float(shift == 0), abs=1e-9
        )


@pytest.mark.parametrize("level", [1, 2, 3])
def test_dual_tree_energy_hardly_moves_with_the_image(level) -> None:
    """An impulse, shifted: a real 6-tap wavelet changes at least three times as much."""
    energies, real = [], []
    for shift in range(2**level):
        image = np.zeros((128, 128))
        image[64, 64 + shift] = 1
        bands = dualtree.forward(image, level + 1).levels[level]
        energies.append([np.sum(np.abs(band) ** 2) for band in bands])
        details = pywt.wavedec2(image, "db3", "periodization", level + 1)[1]
        real.append([np.sum(band**2) for band in details])
    spread, real_spread = (np.ptp(e, axis=0) / np.mean(e, axis=0) for e in (energies, real))
    assert 3 * spread.max() < real_spread.max()


def test_dual_tree_bands_have_a_direction() -> None:
    """A grating at +45° and its mirror image excite different bands."""
    y, x = np.mgrid[0:128, 0:128]
    energies = [
        np.array([np.sum(np.abs(band) ** 2) for band in dualtree.forward(grating, 3).levels[1]])
        for grating in (np.cos(0.75 * (x + y)), np.cos(0.75 * (x - y)))
    ]
    up, down = (energy.argmax() for energy in energies)
    assert up != down
    assert energies[0][up] > 5 * energies[0][down]
    assert energies[1][down] > 5 * energies[1][up]


def test_level_1_is_the_legall_wavelet() -> None:
    """The low-pass of the four trees are the polyphase images of the 5-tap filter's output."""
    image = RNG.random((16, 16))
    low = dualtree.forward(image, 1).low
    taps = np.array([-1, 2, 6, 2, -1]) / 8
    rows = sum(t * np.roll(image, 2 - k, 0) for k, t in enumerate(taps))
    full = sum(t * np.roll(rows, 2 - k, 1) for k, t in enumerate(taps))
    np.testing.assert_allclose(low[1, 0], full[1::2, 0::2], atol=1e-12)


def test_the_latent_low_rank_parts_make_up_the_matrix() -> None:
    x = RNG.random((20, 4)) @ RNG.random((4, 30)) / 4
    parts = patches.latent_low_rank(x, noise=10)
    np.testing.assert_allclose(parts.principal + parts.salient, x, atol=1e-4)
    np.testing.assert_allclose(parts.projection @ x, parts.salient, atol=1e-9)


def test_the_nuclear_norms_of_a_clean_matrix_sum_to_its_rank() -> None:
    """The minimum of ``||Z||_* + ||L||_*`` without noise is the rank (Zhang, Lin, Zhang 2013)."""
    x = RNG.random((20, 4)) @ RNG.random((4, 30)) / 4
    parts = patches.latent_low_rank(x, noise=10)
    norms = [np.linalg.norm(m, "nuc") for m in (parts.coefficients, parts.projection)]
    assert sum(norms) == pytest.approx(4, abs=0.02)


def test_sparse_spikes_go_to_the_noise() -> None:
    clean = np.outer(RNG.random(24) + 0.5, RNG.random(32) + 0.5)
    spiked = clean.copy()
    places = RNG.choice(clean.size, 10, replace=False)
    spiked.ravel()[places] += 3
    parts = patches.latent_low_rank(spiked, noise=0.1)
    noise = spiked - parts.principal - parts.salient
    assert set(np.argsort(noise.ravel())[-10:]) == set(places)


@pytest.mark.parametrize("shape", [(7, 12), (12, 7)])
def test_singular_values_are_shrunk(shape) -> None:
    x = RNG.normal(size=shape)
    u, s, v = np.linalg.svd(x, full_matrices=False)
    expected = (u * np.maximum(s - 1.5, 0)) @ v
    np.testing.assert_allclose(patches._shrunk_values(x, 1.5), expected, atol=1e-10)


def test_the_cosine_dictionary_has_unit_atoms_and_one_that_is_flat() -> None:
    atoms = patches.cosine_dictionary(8, 16)
    assert atoms.shape == (64, 256)
    np.testing.assert_allclose(np.linalg.norm(atoms, axis=0), 1, atol=1e-12)
    np.testing.assert_allclose(atoms[:, 0], 1 / 8)
    np.testing.assert_allclose(atoms[:, 1:16].sum(axis=0), 0, atol=1e-12)


def test_pursuit_is_plain_orthogonal_matching_pursuit() -> None:
    atoms = patches.cosine_dictionary(8, 16)
    signals = RNG.normal(size=(40, 64))
    fits, norms = patches.pursue(signals, atoms, 0.5, 6)
    for signal, fit, norm in zip(signals, fits, norms, strict=True):
        chosen, residual = [], signal
        while len(chosen) < 6 and np.linalg.norm(residual) > 0.5:
            chosen.append(int(np.abs(residual @ atoms).argmax()))
            code = np.linalg.lstsq(atoms[:, chosen], signal, rcond=None)[0]
            residual = signal - atoms[:, chosen] @ code
        np.testing.assert_allclose(fit, signal - residual, atol=1e-4)
        assert norm == pytest.approx(np.abs(code).sum(), rel=1e-3)


def test_pursuit_stops_at_the_tolerance() -> None:
    atoms = patches.cosine_dictionary(8, 16)
    signals = RNG.normal(0, 0.05, (30, 64))
    fits, norms = patches.pursue(np.vstack([signals, np.zeros((1, 64))]), atoms, 0.1, 64)
    assert np.linalg.norm(fits[:-1] - signals, axis=1).max() <= 0.1 + 1e-6
    assert norms[-1] == 0


@pytest.mark.parametrize(("size", "stride"), [((8, 8), 2), ((21, 34), 2), ((30, 17), 1)])
def test_patches_laid_down_again_are_the_image(size, stride) -> None:
    image = RNG.random(size)
    rows, columns = (patches.starts(n, 8, stride) for n in size)
    overlap = patches.Overlap(size)
    overlap.add(patches.taken(image, rows, columns, 8), rows, columns)
    np.testing.assert_allclose(overlap.mean(), image, atol=1e-12)


def test_an_image_smaller_than_a_patch_is_extended() -> None:
    assert patches.extended(RNG.random((3, 20)), 8).shape == (8, 20)
    assert list(patches.starts(8, 8, 2)) == [0]
    assert list(patches.starts(11, 8, 2)) == [0, 2, 3]


def test_a_pyramid_of_one_image_is_that_image() -> None:
    image = RNG.random((45, 70)) * 255
    fused = pyramid.fuse(image, image, np.subtract, np.add)
    np.testing.assert_allclose(fused, image, atol=1e-10)
