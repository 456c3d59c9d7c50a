"""A causal language model of transformers, or of whatever loads one like it, as the services use it."""

from __future__ import annotations

import importlib.util
import os
import queue
import threading
from collections.abc import Callable, Collection, Generator, Sequence
from pathlib import Path
from typing import Any

from .arguments import Arguments
from .messages import Message, build_plain_prompt
from .refusal import Refusal
from .settings import Settings, is_folder

Loaders = tuple[Any, Any]  # AutoModelForCausalLM, AutoTokenizer
# What a model's own generation_config.json may say about sampling; here the request alone says it.
_SAMPLING = ("temperature", "top_p", "top_k", "min_p", "typical_p", "max_length")


def load_model(settings: Settings, find_loaders: Callable[[], Loaders]) -> TransformersModel:
    """The model of the settings, ready to answer; raises what its loader raises."""
    path = settings.model
    if is_folder(path):
        path = str(Path(path).expanduser().resolve())
        if not Path(path).is_dir():
            raise FileNotFoundError(f"there is no folder {path}")
        os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read once, when the libraries are imported
    models, tokenizers = find_loaders()
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    tokenizer = tokenizers.from_pretrained(path)
    return TransformersModel(place(models, path, settings.device), tokenizer)


def place(models: Any, path: str, device: str) -> Any:
    """The loaded model on its device; "auto" spreads it over all there are where accelerate is installed."""
    import torch

    if device == "auto" and torch.cuda.device_count() > 1 and importlib.util.find_spec("accelerate"):
        return models.from_pretrained(path, dtype="auto", device_map="auto").eval()
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    return models.from_pretrained(path, dtype="auto").to(device).eval()


class TransformersModel:
    """A model and its tokenizer."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._lock = threading.Lock()  # a fast tokenizer refuses to encode in two threads at once
        config = model.config.get_text_config()
        limits = (getattr(config, "max_position_embeddings", None), tokenizer.model_max_length)
        known = [limit for limit in limits if limit and limit < 10**9]  # a tokenizer that knows none says 10**30
        self.context: int | None = min(known, default=None)
        generation = model.generation_config
        for name in _SAMPLING:
            setattr(generation, name, None)
        generation.do_sample = False
        ends = generation.eos_token_id
        self.ends: Collection[int] = frozenset(
            [*(ends if isinstance(ends, list) else [ends]), tokenizer.eos_token_id]
        ) - {None}

    def build_prompt(self, messages: list[Message], tools: list[dict[str, Any]] | None) -> list[int]:
        """The tokens of a conversation, by the model's chat template where it has one."""
        has_template = bool(self._tokenizer.chat_template)
        if tools and not (has_template and "tools" in self._tokenizer.get_chat_template(tools=tools)):
            raise Refusal(400, "this model's chat template knows no tools", "unsupported_parameter", "tools")
        text = self._render(messages, tools) if has_template else build_plain_prompt(messages)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Refusal(400, "the messages have half a surrogate pair in them", "invalid_value", "messages") from None
        with self._lock:
            tokens: list[int] = self._tokenizer(text, add_special_tokens=not has_template)["input_ids"]
        return tokens

    def _render(self, messages: list[Message], tools: list[dict[str, Any]] | None) -> str:
        from jinja2 import TemplateError

        try:
            text: str = self._tokenizer.apply_chat_template(
                messages, tools=tools, add_generation_prompt=True, tokenize=False
            )
        except TemplateError as error:  # which templates raise for roles in an order they do not know
            raise Refusal(
                400, f"the model's chat template refuses this: {error}", "invalid_value", "messages"
            ) from None
        return text

    def decode(self, tokens: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text

    def generate(
        self, prompt: list[int], arguments: Arguments, budget: int, is_cancelled: Callable[[], bool]
    ) -> Generator[int, None, None]:
        """New tokens as a thread makes them; closing it ends the thread after the token it is at."""
        made: queue.SimpleQueue[int | BaseException | None] = queue.SimpleQueue()
        closed = threading.Event()

        def run() -> None:
            try:
                self._run(prompt, arguments, budget, made.put, lambda: closed.is_set() or is_cancelled())
            except BaseException as error:
                made.put(error)
            else:
                made.put(None)

        thread = threading.Thread(target=run, name="generation", daemon=True)
        thread.start()
        try:
            while (token := made.get()) is not None:
                if isinstance(token, BaseException):
                    raise token
                yield token
        finally:
            closed.set()
            thread.join()

    def _run(
        self,
        prompt: list[int],
        arguments: Arguments,
        budget: int,
        give: Callable[[int], None],
        is_over: Callable[[], bool],
    ) -> None:
        import torch

        from .sampling import StopWhen, Streamer, build_processors

        device = self._model.device
        tokens = torch.tensor([prompt], device=device)
        with torch.inference_mode():
            self._model.generate(
                tokens,
                attention_mask=torch.ones_like(tokens),
                max_new_tokens=budget,
                eos_token_id=sorted(self.ends) or None,
                pad_token_id=min(self.ends, default=0),
                repetition_penalty=float(arguments.repetition_penalty),  # generate() knows no 1, only 1.0
                logits_processor=build_processors(arguments, device),
                stopping_criteria=[StopWhen(is_over)],
                streamer=Streamer(give),
            )
