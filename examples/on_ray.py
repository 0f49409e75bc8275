"""Run a class over many items with Ray Data, in several processes on this machine."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["map_on_ray"]


def map_on_ray(
    worker: type[Any], items: Sequence[Any], settings: dict[str, Any], processes: int, *, batch_size: int
) -> list[dict[str, Any]]:
    """Return the rows that the workers make from the items.

    Args:
        worker: a class. Each process makes one object of it from `settings`, and calls it with batches that hold their
            items in the column `item`.
        items: the items.
        settings: the argument of the class.
        processes: how many processes to use.
        batch_size: how many items a batch has.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    ray.init(
        address="local",  # do not join a cluster that happens to run here
        num_cpus=processes,
        object_store_memory=2**27,  # enough for text; Ray goes to /tmp where /dev/shm is smaller
        include_dashboard=False,
        logging_level=logging.ERROR,
        log_to_driver=False,
    )
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.wait_for_min_actors_s = 120  # otherwise the process that starts first may do all the work
        rows = ray.data.from_items([{"item": item} for item in items], override_num_blocks=processes * 4)
        results = rows.map_batches(
            worker,
            fn_constructor_args=[settings],
            batch_size=batch_size,
            compute=ray.data.ActorPoolStrategy(size=processes),
        )
        return list(results.take_all())
    finally:
        ray.shutdown()
