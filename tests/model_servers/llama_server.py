"""llama.cpp's own HTTP server, out of the ``xllamacpp`` wheel; run as a program, this file is that server."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

if __name__ != "__main__":
    from .process import Engine, run_engine

INSTALL = "pip install xllamacpp"


@contextlib.contextmanager
def run_llama_server(folder: Path, model: Path, *options: str) -> Iterator[Engine]:
    """llama.cpp serving ``model`` as "tiny" for the time of the block; its log goes to ``folder``.

    ``options`` are those of the program below. Raises RuntimeError when the wheel is missing or does not start.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise RuntimeError(f"llama.cpp's server is missing: {INSTALL}")
    command = [sys.executable, __file__, str(model), *options]
    with run_engine(command, folder / "llama_server.log", r"listening on http://([\d.:]+)\n", "/health") as engine:
        yield engine


def main() -> None:
    """Serve a model on a free port until stdin is closed, which the end of the parent does, too."""
    import xllamacpp  # type: ignore[import-untyped]

    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--api-key")
    parser.add_argument("--embeddings", action="store_true")
    parser.add_argument("--endless", action="store_true", help="answer until max_tokens, which may be many")
    arguments = parser.parse_args()

    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = arguments.model, {"tiny"}
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.n_ctx, params.n_parallel, params.cpuparams.n_threads = 2048, 2, 1
    # A connection that is kept alive keeps one of these: with too few, a new one waits until an old one idles out.
    params.n_threads_http = 64
    params.warmup = False
    params.ctx_shift = params.sampling.ignore_eos = arguments.endless
    if arguments.api_key:
        params.api_keys = [arguments.api_key]
    if arguments.embeddings:
        params.embedding, params.pooling_type = True, xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    server = xllamacpp.Server(params)  # which logs its address; printing it here would mix with that log
    sys.stdin.read()
    del server


if __name__ == "__main__":
    main()
