"""The fuzzer's check passes for every seed and every way to cut it, so that `make fuzz` begins without findings."""

from __future__ import annotations

import pytest

from tests.fuzz.stream_reader import SEEDS, check


@pytest.mark.parametrize("seed", SEEDS, ids=range(len(SEEDS)))
def test_a_seed_is_read_however_it_ends(seed: bytes) -> None:
    for end in range(len(seed) + 1):
        check(seed[:end])
