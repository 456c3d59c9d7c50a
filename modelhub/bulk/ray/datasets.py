"""The datasets of a job: packs are read, asked by actors, and come back, as Ray Data carries them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.bulk.ray.feed import build_source
from modelhub.bulk.ray.packs import AskPacks

_MOST = 20_000  # packs of one dataset; Ray keeps some 10 KB for each in this process until the dataset ends
_BUFFER = 1000  # blocks that a task may have ready; Ray's two would be all that it carries in a tenth of a second


def iterate(feed: Any, model: bytes, *, actors: int, calls: int, size: int) -> Iterator[tuple[int, bytes]]:
    """The packs of ``feed`` with their answers, in any order, until it has ended.

    Up to ``actors`` actors ask ``model``, a pickled one, each with ``calls`` calls at a time; a pack has ``size``
    questions. Retries of what is lost, and how many actors there are, are up to Ray.
    """
    start, came = 0, _MOST
    while came == _MOST:
        came = 0
        for table in _build(feed, start, model, actors, calls, size).iter_batches(
            batch_size=None, batch_format="pyarrow", prefetch_batches=0
        ):
            came += table.num_rows
            yield from zip(table["number"].to_pylist(), table["answers"].to_pylist(), strict=True)
        start += _MOST


def _build(feed: Any, start: int, model: bytes, actors: int, calls: int, size: int) -> Any:
    import ray.data

    context = ray.data.DataContext.get_current().copy()
    context.target_max_block_size = 1  # a pack is a block: it is carried, lost and retried by itself
    context.enable_progress_bars = False
    context.execution_options.preserve_order = False
    context._max_num_blocks_in_streaming_gen_buffer = _BUFFER
    packs = -(-calls // size)  # that one actor asks at a time
    with ray.data.DataContext.current(context):
        read = ray.data.read_datasource(
            build_source(feed, start, start + _MOST),
            override_num_blocks=1,
            num_cpus=0.01,
        )
        return read.map_batches(
            AskPacks,
            fn_constructor_kwargs={"model": model, "concurrency": calls},
            batch_size=1,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(
                min_size=1,
                max_size=actors,
                max_tasks_in_flight_per_actor=2 * packs,
                max_concurrent_calls_per_actor=packs,
            ),
        )
