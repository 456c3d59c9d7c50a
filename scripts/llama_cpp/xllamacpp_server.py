"""llama.cpp's HTTP server out of the xllamacpp wheel, with the options of `llama-server` that matter most."""

import argparse
import os
import threading

import xllamacpp  # type: ignore[import-untyped]


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--model", required=True)
    parser.add_argument("--alias", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--n-gpu-layers", type=int)
    parser.add_argument("--ctx-size", type=int, default=0, help="tokens of context; 0 is what the model has")
    parser.add_argument("--parallel", type=int, default=2, help="how many answers are written at a time")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--api-key", default=os.environ.get("LLAMA_API_KEY"))
    arguments = parser.parse_args()

    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = arguments.model, {arguments.alias}
    params.hostnames, params.port = [arguments.host], arguments.port
    params.n_ctx, params.n_parallel = arguments.ctx_size, arguments.parallel
    params.cpuparams.n_threads = arguments.threads
    # A connection that is kept alive keeps one of these: with too few, a new one waits until an old one idles out.
    params.n_threads_http = 64
    if arguments.n_gpu_layers is not None:
        params.n_gpu_layers = arguments.n_gpu_layers
    if arguments.api_key:
        params.api_keys = [arguments.api_key]
    server = xllamacpp.Server(params)
    threading.Event().wait()
    del server


if __name__ == "__main__":
    main()
