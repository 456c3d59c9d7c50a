"""The class that Ray Data is given to ask a model about the rows of a dataset."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from modelhub.base import ModelWrapperBase
from modelhub.bulk.answers import Answer, build_failure
from modelhub.bulk.asking import ask
from modelhub.bulk.local import CONCURRENCY
from modelhub.bulk.questions import Questions
from modelhub.bulk.ray.tables import add_columns, read_rows
from modelhub.bulk.rows.row import RowError
from modelhub.registry import ModelRegistry


class Ask:
    """Asks a model about each row, and adds the columns response, parsed, usage, cost, model and error to it.

    It is for ``dataset.map_batches(Ask, fn_constructor_kwargs={...}, compute=ActorPoolStrategy(...), batch_size=64)``,
    or ``concurrency=(1, 8)`` in place of ``compute``. Each actor has one of it, with one registry, and ``concurrency``
    calls at a time, whatever the size of its batches. A call that fails is a row with an ``error``; what no call can
    mend, as a key that is not set, ends the dataset.

    ``model`` is the name of one of ``configs``, which each actor reads where it runs, or a model that was fetched here.
    No key crosses: a config says ``${NAME}``, which is looked up where the actor runs. What is asked is said by one of
    ``field``, ``prompt`` and ``messages_field``, and by ``schema``, ``embed`` and ``options``, as Questions has them.
    Batches may be of any format of Ray Data.

    See https://docs.ray.io/en/latest/data/api/doc/ray.data.Dataset.map_batches.html
    """

    def __init__(
        self,
        model: str | ModelWrapperBase,
        configs: Any = None,
        *,
        field: str | None = None,
        prompt: str | None = None,
        messages_field: str | None = None,
        schema: Any = None,
        embed: bool = False,
        options: Mapping[str, Any] | None = None,
        concurrency: int = CONCURRENCY,
        profile: str | None = None,
    ) -> None:
        """Raises ConfigError for configs that cannot be used, and ModelHubError where it is not said what is asked."""
        self._questions = Questions(
            field=field, prompt=prompt, messages_field=messages_field, schema=schema, embed=embed, options=options
        )
        self._model = ModelRegistry(configs, profile=profile).get_model(model) if isinstance(model, str) else model
        self._calls = asyncio.Semaphore(concurrency)

    async def __call__(self, batch: Any) -> Any:
        """The batch with the columns of its answers."""
        return add_columns(batch, await asyncio.gather(*map(self._ask, read_rows(batch))))

    async def _ask(self, row: Mapping[str, Any]) -> Answer:
        try:
            question = self._questions.build(row)
        except RowError as error:
            return build_failure(error)
        async with self._calls:
            return await ask(self._model, question)
