"""The main job from start to end: a config file, its validation, an answer, a stream, an embedding, a typo.

    python quickstart.py [FOLDER]

What it makes stays in the folder, which is ``playground`` if it is left out; nothing is overwritten there.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from textwrap import fill

ROOT = Path(__file__).resolve().parents[1]

# The vendors whose key may be in the environment: variable, base URL, chat model, embedding model.
VENDORS = [
    ("OPENAI_API_KEY", "https://api.openai.com/v1", "gpt-4o-mini", "text-embedding-3-small"),
    ("DASHSCOPE_API_KEY", "https://dashscope.aliyuncs.com/compatible-mode/v1", "qwen-plus", "text-embedding-v3"),
    ("ZHIPUAI_API_KEY", "https://open.bigmodel.cn/api/paas/v4", "glm-4-flash", "embedding-3"),
    (
        "GEMINI_API_KEY",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "gemini-2.5-flash",
        "gemini-embedding-001",
    ),
]

OPENAI = """\
- config_name: chat
  model_type: openai_chat
  model_name: {chat}
  api_key: {key}
  client_args:
    base_url: {url}
  generate_args:
    temperature: 0.7
"""

OLLAMA = """\
- config_name: chat
  model_type: ollama_chat
  model_name: {chat}
  host: {url}
  generate_args:
    temperature: 0.7
"""

EMBEDDING = """
- config_name: embedding
  model_type: openai_embedding
  model_name: {embedding}
  api_key: {key}
  client_args:
    base_url: {url}
"""

PROGRAM = """\
import modelhub

modelhub.init(model_configs="models.yaml")
chat = modelhub.get_model("chat")
print(chat("Why is the sky blue? One sentence.").text)
"""

MOCK = "http://127.0.0.1:8080"  # of `modelhub mock`, as the reader starts it

GUARD = """\
except modelhub.ModelHubError as error:  # a missing key, a wrong config, a call that failed
    sys.exit(f"{sys.argv[0]} cannot go on:\\n{error}")
"""

STREAM = """\
for delta in chat("Count from one to ten in words.", stream=True):
    print(delta.text, end="", flush=True)
"""

VECTORS = """\
vectors = modelhub.get_model("embedding")(["red", "green", "blue"]).embedding
print(len(vectors), "vectors of", len(vectors[0]), "numbers")
"""


def find_ollama() -> tuple[str, str] | None:
    """URL and first model of an Ollama that is running here."""
    host = os.environ.get("OLLAMA_HOST") or "127.0.0.1:11434"
    url = host if "://" in host else f"http://{host.replace('0.0.0.0', '127.0.0.1')}"
    try:
        with urllib.request.urlopen(f"{url}/api/tags", timeout=1) as reply:
            models = json.load(reply)["models"]
    except (OSError, ValueError, KeyError):
        return None
    return (url, models[0]["name"]) if models else None


@contextmanager
def mock_server() -> Iterator[str]:
    """modelhub's own mock server, as `modelhub mock` starts it; yields its URL."""
    command = [sys.executable, "-m", "modelhub", "mock", "--quiet", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield next(word for word in server.stdout.readline().split() if word.startswith("http"))
        finally:
            server.terminate()


@contextmanager
def choose_models() -> Iterator[tuple[str, str]]:
    """What to talk to: a sentence about it, and the configs."""
    for variable, url, chat, embedding in VENDORS:
        if os.environ.get(variable):
            facts = {"url": url, "chat": chat, "embedding": embedding, "key": f"${{{variable}}}"}
            yield f"{variable} is set: talking to {url}", (OPENAI + EMBEDDING).format(**facts)
            return
    ollama = find_ollama()
    if ollama is not None:
        url, model = ollama
        chat = OLLAMA.format(url=url, chat=model)
        embedding = EMBEDDING.format(url=f"{url}/v1", embedding=model, key="unused")
        yield f"Ollama runs here: talking to {url}", chat + embedding
        return
    with mock_server() as url:
        os.environ["MOCK_URL"] = url
        facts = {
            "url": f"${{MOCK_URL:-{MOCK}}}/v1",
            "chat": "mock-chat",
            "embedding": "mock-embedding",
            "key": "unused",
        }
        yield (
            "no key in the environment and no Ollama here: talking to `modelhub mock`, whose answers are made up",
            (OPENAI + EMBEDDING).format(**facts),
        )


def say(title: str) -> None:
    print(f"\n\033[1m# {title}\033[0m" if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else f"\n# {title}")


def show(text: str) -> None:
    print("".join(f"    {line}".rstrip() + "\n" for line in text.rstrip("\n").split("\n")), end="")


def run(*command: str) -> None:
    """Run a modelhub command as the reader would."""
    print(f"$ modelhub {' '.join(command)}", flush=True)
    subprocess.run([sys.executable, "-m", "modelhub", *command], check=False)


def build_program() -> str:
    """The program as a file, which says what is missing in place of where in modelhub it is missed."""
    imports, _, rest = PROGRAM.partition("\n\n")
    body = "".join(f"    {line}\n" for line in rest.splitlines())
    return f"import sys\n\n{imports}\n\ntry:\n{body}{GUARD}"


def write(wanted: Path, files: dict[str, str]) -> Path:
    """Write the files into the folder, or where it has others of their names into a new one beside it; that folder."""
    others = (wanted.with_name(f"{wanted.name}-{number}") for number in count(2))
    folder = next(folder for folder in chain([wanted], others) if is_free(folder, files))
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def is_free(folder: Path, files: dict[str, str]) -> bool:
    """Whether nothing would be overwritten with anything else."""
    return all(not (folder / name).exists() or (folder / name).read_text("utf-8") == files[name] for name in files)


def tell_next(folder: Path, is_mock: bool) -> None:
    """What the reader can do now."""
    say("What next? The files are yours to play with")
    activate = Path(sys.prefix) / "bin" / "activate"
    print(f"cd {shlex.quote(str(folder))}")
    if activate.exists():  # its python and modelhub are meant
        print(f"source {shlex.quote(str(activate))}")
    if is_mock:
        print("modelhub mock --quiet &             # the made-up answers; kill %1 ends it")
    print("python program.py                   # models.yaml says whom it asks")
    print("modelhub new anthropic_chat claude  # a config to add to models.yaml")
    print("modelhub example agent              # a program to start from; there are six")
    print("modelhub --help")
    print(f"\nFrom here to an agent of your own in ten minutes: {ROOT / 'docs' / 'tutorial.md'}")


def main() -> None:
    with choose_models() as (about, configs):
        print(fill(about, 80))
        typo = configs.replace("temperature", "temprature").replace("openai_emb", "opnai_emb")
        files = {"models.yaml": configs, "program.py": build_program(), "typo.yaml": typo}
        folder = write(Path(*sys.argv[1:2] or ["playground"]).absolute(), files)
        os.chdir(folder)

        say("models.yaml declares the models")
        show(configs)

        say("CI checks it, without keys and without a network")
        run("validate", "models.yaml")
        run("list", "-c", "models.yaml")

        say("Five lines of Python call one by name")
        show(PROGRAM)
        names: dict[str, object] = {}
        exec(PROGRAM, names)

        say("Streamed, as the words come")
        show(STREAM)
        exec(STREAM, names)
        print()

        say("Embeddings")
        show(VECTORS)
        exec(VECTORS, names)

        say("What a typo looks like, before anything runs")
        run("validate", "typo.yaml")
        is_mock = "MOCK_URL" in configs
    tell_next(folder, is_mock)


if __name__ == "__main__":
    import modelhub

    try:
        main()
    except modelhub.ModelHubError as error:
        sys.exit(f"quickstart: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # scripts/quickstart | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
