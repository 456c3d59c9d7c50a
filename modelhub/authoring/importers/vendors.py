"""What other programs call the vendors, and the model_types for the models of each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from modelhub import vendors


class Vendor(NamedTuple):
    """How the models of a provider are converted: a model_type for each task, the address, and the key's variable.

    If the address or the key is None, the default of the model_type is right.
    """

    docs: str  # where the address and the key are documented
    chat: str | None
    embedding: str | None
    image: str | None
    base_url: str | None
    key: str | None
    key_optional: bool
    prefix: str  # what the vendor wants before names without a slash


def _build_vendor(row: vendors.Vendor, litellm: Mapping[str, Any]) -> Vendor:
    """The vendor of ``row`` with the facts in ``litellm``, in which LiteLLM differs."""
    types = row.model_types
    at_home = all(model_type.startswith(f"{row.name}_") for model_type in types.values())
    return Vendor(
        row.docs,
        types.get("chat"),
        types.get("embedding"),
        types.get("image"),
        base_url=litellm.get("base_url", None if at_home else row.base_url),
        key=litellm.get("key_variable", row.key_variables[0]),
        key_optional=row.key_optional,
        prefix=litellm.get("prefix", ""),
    )


# By the prefix of LiteLLM's names, https://docs.litellm.ai/docs/providers.
# A chat of Azure's stays with LiteLLM's library: its address holds the deployment and the version.
VENDORS = {name: _build_vendor(row, about) for row in vendors.list_vendors() for name, about in row.litellm.items()}

# By the names of modelhub's own table. Azure's chats are asked at the address that speaks OpenAI's API.
_VARIABLES = {"ollama": None, "cohere": "COHERE_API_KEY"}  # where programs have another than the vendor
BY_NAME = {
    row.name: _build_vendor(row, {"key_variable": _VARIABLES[row.name]} if row.name in _VARIABLES else {})
    for row in vendors.list_vendors()
}
BY_NAME["azure"] = BY_NAME["azure"]._replace(chat="openai_chat")

# What programs call a vendor, in small letters and without signs, by its name in modelhub's table, which is one more.
_NAMES = {
    "openai": "gpt openaicompatible openailike openaiapi openaichat openairesponses openllm custom localai sglang tgi"
    " huggingfacetgi",
    "anthropic": "claude",
    "gemini": "google googleai googleaistudio googleaistudiogemini googleaigemini googlegenerativeai googlegenai",
    "ollama": "ollamachat ollamacompletion ollamalocal",
    "dashscope": "qwen alibaba aliyun tongyi bailian alibabacn",
    "zhipuai": "zhipu bigmodel chatglm glm",
    "zai": "zhipuaiinternational zaicodingplan",
    "azure": "azureopenai azureopenaichat azurecognitiveservices",
    "mistral": "mistralai",
    "together": "togetherai",
    "fireworks": "fireworksai",
    "xai": "grok",
    "nvidia": "nvidianim nim",
    "volcengine": "ark volcanoengine doubao",
    "moonshot": "kimi moonshotai",
    "moonshot_cn": "moonshotaicn",
    "huggingface": "hf huggingfaceinferenceapi huggingfacehub",
    "github": "githubmodels",
    "lambda": "lambdaai",
    "featherless": "featherlessai",
    "meta_llama": "llama llamaapi",
    "vercel": "aigateway vercelaigateway",
    "cohere": "cohereai",
    "vllm": "hostedvllm vllmserver",
    "lm_studio": "lmstudio",
    "llama_cpp": "llamacpp llamacppserver",
    "minimax_cn": "minimaxcn",
    "qianfan": "wenxin ernie baidu",
    "yi": "lingyiwanwu zeroone 01ai",
    "litellm_proxy": "litellm",
    "openrouter": "openrouterreasoning",
}
# Vendors that LiteLLM's library can call and modelhub cannot, by LiteLLM's names.
_LIBRARY = {
    "bedrock": "amazonbedrock awsbedrock",
    "vertex_ai": "vertex vertexai googlevertex googlevertexai gcpvertexgemini gcpvertexanthropic vertexanthropic",
    "sagemaker": "awssagemaker amazonsagemaker",
    "watsonx": "ibmwatsonx watsonxai",
    "databricks": "",
    "replicate": "",
    "cloudflare": "cloudflareworkersai workersai",
    "predibase": "",
    "snowflake": "",
    "github_copilot": "copilot",
}


def _spell(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_SPELLINGS = {
    **{_spell(name): name for names in (_LIBRARY, BY_NAME) for name in names},
    **{name: row for table in (_LIBRARY, _NAMES) for row, names in table.items() for name in names.split()},
}


def find_name(name: str, address: str | None = None) -> str | None:
    """Whom a program means by ``name``, or whose ``address`` it has for OpenAI's API; None for a stranger.

    It is a name in ``BY_NAME``, or one that only LiteLLM's library knows.
    """
    found = _SPELLINGS.get(_spell(name))
    if found == "openai" and address:
        row = find_host(address)
        return row.name if row and row.model_types.get("chat") == "openai_chat" else found
    return found


def find_hostname(address: Any) -> str:
    """The host that an address names; empty if it names none."""
    text = str(address)
    try:
        return urlsplit(text if "://" in text else f"//{text}").hostname or ""
    except ValueError:
        return ""


def find_host(address: Any) -> vendors.Vendor | None:
    """The vendor whose OpenAI API is at ``address``."""
    return vendors.find_by_host(find_hostname(address))


def is_elsewhere(provider: str | None, address: Any) -> bool:
    """Whether a server is not the vendor's own, though it speaks OpenAI's protocol."""
    if provider != "openai" or not address:
        return False
    row = find_host(address)
    return row is None or row.name != "openai"


# Names without a prefix that LiteLLM takes for OpenAI's, and for Anthropic's.
_BARE = {
    "openai": re.compile(
        r"(?:gpt-|chatgpt-|o\d|text-embedding-(?:3|ada)|dall-e-|ft:gpt-|tts-|whisper-|omni-)(?!.*instruct)"
    ),
    "anthropic": re.compile(r"claude-(?!instant|2|.*:)"),
}

# What a model is for when model_info.mode does not say: the first pattern found in its name.
_MODES = {
    "rerank": r"rerank",
    "embedding": r"embed|\bbge-|\be5-|\bgte-|all-minilm",
    "moderation": r"moderation",
    "audio_transcription": r"whisper|transcribe|\basr\b|\bstt\b|voxtral-mini|scribe_v|chirp_[23]",
    "audio_speech": r"\btts\b|orpheus|\bspeech-\d|\bchirp$",
    "realtime": r"realtime|\blive\b|native-audio|gpt-live",
    "video_generation": r"\bsora\b|\bveo\b|-video|-[tir]2v\b|\bwan\d",
    "image_generation": r"dall-e|gpt-image|-image\b|imagen\b|imagine|\bflux|stable-diffusion|cogview|nano-banana",
    "ocr": r"mistral-ocr",
    "responses": r"codex|\bo\d[\w-]*-deep-research|multi-agent|\bo\d+-pro|gpt-[\d.]+-pro",
}

# What the models are for of providers that have none for chats.
_ONLY = {
    "audio_speech": "elevenlabs aws_polly azure_speech",
    "audio_transcription": "deepgram assemblyai soniox transcribe nvidia_riva",
    "image_generation": "black_forest_labs fal_ai recraft stability topaz",
    "video_generation": "runwayml",
    "embedding": "voyage infinity",
    "rerank": "jina_ai",
    "ocr": "reducto aws_textract",
}
_ONLY_MODE = {provider: mode for mode, providers in _ONLY.items() for provider in providers.split()}


def split_model(model: str, provider: str | None, api_base: str | None) -> tuple[str | None, str]:
    """The provider that LiteLLM finds for a model (None if only LiteLLM knows it), and the name that is sent to it."""
    prefix, slash, rest = model.partition("/")
    if provider:
        return provider, rest if slash and prefix == provider else model
    if slash and prefix in VENDORS:
        return prefix, rest
    if api_base:
        address = api_base.rstrip("/")
        for name, vendor in VENDORS.items():
            if vendor.base_url == address:
                return name, model
    if not slash:
        return next((name for name, pattern in _BARE.items() if pattern.match(model)), None), model
    return None, model


def guess_mode(model: str, provider: str | None = None) -> str:
    """The task of a model, guessed from its name, else from its provider, which may stand before the name."""
    name = model.lower()
    only = _ONLY_MODE.get((provider or name.partition("/")[0]).lower(), "chat")
    return next((mode for mode, pattern in _MODES.items() if re.search(pattern, name)), only)
