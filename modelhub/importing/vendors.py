"""The providers of LiteLLM whose models modelhub calls itself, and what their models are asked with."""

from __future__ import annotations

import re
from typing import NamedTuple


class Vendor(NamedTuple):
    """What becomes of a provider's models: the model_type for each task, the address and the variable of the key.

    An address or a key of None is the model_type's own.
    """

    docs: str  # where the address and the key are documented
    chat: str | None = "openai_chat"
    embedding: str | None = None
    image: str | None = None
    base_url: str | None = None
    key: str | None = None
    key_optional: bool = False
    prefix: str = ""  # what the vendor wants before names without a slash


_EMBEDDING, _IMAGE = "openai_embedding", "openai_dall_e"

# By the prefix of LiteLLM's names, https://docs.litellm.ai/docs/providers. Addresses and variables are LiteLLM's.
VENDORS = {
    "openai": Vendor(
        "https://platform.openai.com/docs/api-reference", "openai_chat", _EMBEDDING, _IMAGE, key="OPENAI_API_KEY"
    ),
    "anthropic": Vendor("https://platform.claude.com/docs/en/api", "anthropic_chat", key="ANTHROPIC_API_KEY"),
    "gemini": Vendor("https://ai.google.dev/api", "gemini_chat", "gemini_embedding", key="GEMINI_API_KEY"),
    "ollama": Vendor(
        "https://github.com/ollama/ollama/blob/main/docs/api.md", "ollama_chat", "ollama_embedding", key_optional=True
    ),
    "ollama_chat": Vendor(
        "https://github.com/ollama/ollama/blob/main/docs/api.md", "ollama_chat", "ollama_embedding", key_optional=True
    ),
    "dashscope": Vendor(
        "https://help.aliyun.com/zh/model-studio/qwen-api-reference",
        "dashscope_chat",
        "dashscope_text_embedding",
        "dashscope_image_synthesis",
        key="DASHSCOPE_API_KEY",
    ),
    "zai": Vendor(
        "https://docs.z.ai/api-reference",
        "zhipuai_chat",
        "zhipuai_embedding",
        base_url="https://api.z.ai/api/paas/v4",
        key="ZAI_API_KEY",
    ),
    # Its chats stay with LiteLLM's library: their addresses hold the deployment and the version.
    "azure": Vendor(
        "https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle",
        None,
        _EMBEDDING,
        _IMAGE,
        key="AZURE_API_KEY",
    ),
    "litellm_proxy": Vendor(
        "https://docs.litellm.ai/docs/providers/litellm_proxy",
        "litellm_chat",
        _EMBEDDING,
        _IMAGE,
        base_url="${LITELLM_PROXY_API_BASE}",
        key="LITELLM_PROXY_API_KEY",
    ),
    "groq": Vendor(
        "https://console.groq.com/docs/openai", base_url="https://api.groq.com/openai/v1", key="GROQ_API_KEY"
    ),
    "mistral": Vendor(
        "https://docs.mistral.ai/api", embedding=_EMBEDDING, base_url="https://api.mistral.ai/v1", key="MISTRAL_API_KEY"
    ),
    "codestral": Vendor(
        "https://docs.mistral.ai/api", base_url="https://codestral.mistral.ai/v1", key="CODESTRAL_API_KEY"
    ),
    "deepseek": Vendor(
        "https://api-docs.deepseek.com", base_url="https://api.deepseek.com/beta", key="DEEPSEEK_API_KEY"
    ),
    "together_ai": Vendor(
        "https://docs.together.ai/docs/openai-api-compatibility",
        embedding=_EMBEDDING,
        image=_IMAGE,
        base_url="https://api.together.ai/v1",
        key="TOGETHERAI_API_KEY",
    ),
    "openrouter": Vendor(
        "https://openrouter.ai/docs/quickstart",
        embedding=_EMBEDDING,
        base_url="https://openrouter.ai/api/v1",
        key="OPENROUTER_API_KEY",
    ),
    "fireworks_ai": Vendor(
        "https://docs.fireworks.ai/tools-sdks/openai-compatibility",
        embedding=_EMBEDDING,
        base_url="https://api.fireworks.ai/inference/v1",
        key="FIREWORKS_AI_API_KEY",
        prefix="accounts/fireworks/models/",
    ),
    "perplexity": Vendor(
        "https://docs.perplexity.ai/guides/chat-completions-guide",
        base_url="https://api.perplexity.ai",
        key="PERPLEXITYAI_API_KEY",
    ),
    "xai": Vendor(
        "https://docs.x.ai/docs/api-reference", image=_IMAGE, base_url="https://api.x.ai/v1", key="XAI_API_KEY"
    ),
    "cerebras": Vendor(
        "https://inference-docs.cerebras.ai/resources/openai",
        base_url="https://api.cerebras.ai/v1",
        key="CEREBRAS_API_KEY",
    ),
    "sambanova": Vendor(
        "https://docs.sambanova.ai/cloud/docs/get-started/overview",
        embedding=_EMBEDDING,
        base_url="https://api.sambanova.ai/v1",
        key="SAMBANOVA_API_KEY",
    ),
    "nvidia_nim": Vendor(
        "https://docs.api.nvidia.com/nim/reference/llm-apis",
        embedding=_EMBEDDING,
        base_url="https://integrate.api.nvidia.com/v1",
        key="NVIDIA_NIM_API_KEY",
    ),
    "deepinfra": Vendor(
        "https://deepinfra.com/docs/openai_api",
        embedding=_EMBEDDING,
        base_url="https://api.deepinfra.com/v1/openai",
        key="DEEPINFRA_API_KEY",
    ),
    "moonshot": Vendor(
        "https://platform.moonshot.ai/docs", base_url="https://api.moonshot.ai/v1", key="MOONSHOT_API_KEY"
    ),
    "volcengine": Vendor(
        "https://www.volcengine.com/docs/82379",
        embedding=_EMBEDDING,
        base_url="https://ark.cn-beijing.volces.com/api/v3",
        key="VOLCENGINE_API_KEY",
    ),
    "modelscope": Vendor(
        "https://modelscope.cn/docs/model-service/API-Inference/intro",
        base_url="https://api-inference.modelscope.cn/v1",
        key="MODELSCOPE_API_KEY",
    ),
    "nebius": Vendor(
        "https://docs.studio.nebius.com/api-reference",
        embedding=_EMBEDDING,
        base_url="https://api.studio.nebius.ai/v1",
        key="NEBIUS_API_KEY",
    ),
    "novita": Vendor(
        "https://novita.ai/docs/guides/llm-api", base_url="https://api.novita.ai/v3/openai", key="NOVITA_API_KEY"
    ),
    "hyperbolic": Vendor(
        "https://docs.hyperbolic.xyz/docs/rest-api", base_url="https://api.hyperbolic.xyz/v1", key="HYPERBOLIC_API_KEY"
    ),
    "lambda_ai": Vendor(
        "https://docs.lambda.ai/public-cloud/lambda-inference-api",
        base_url="https://api.lambda.ai/v1",
        key="LAMBDA_API_KEY",
    ),
    "featherless_ai": Vendor(
        "https://featherless.ai/docs", base_url="https://api.featherless.ai/v1", key="FEATHERLESS_AI_API_KEY"
    ),
    "meta_llama": Vendor(
        "https://llama.developer.meta.com/docs/features/compatibility",
        base_url="https://api.llama.com/compat/v1",
        key="LLAMA_API_KEY",
    ),
    "vercel_ai_gateway": Vendor(
        "https://vercel.com/docs/ai-gateway",
        base_url="https://ai-gateway.vercel.sh/v1",
        key="VERCEL_AI_GATEWAY_API_KEY",
    ),
    # Servers of one's own: a key is not needed, and must not be OpenAI's by accident.
    "hosted_vllm": Vendor(
        "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
        embedding=_EMBEDDING,
        base_url="${HOSTED_VLLM_API_BASE}",
        key="HOSTED_VLLM_API_KEY",
        key_optional=True,
    ),
    "lm_studio": Vendor(
        "https://lmstudio.ai/docs/app/api/endpoints/openai",
        embedding=_EMBEDDING,
        base_url="${LM_STUDIO_API_BASE}",
        key="LM_STUDIO_API_KEY",
        key_optional=True,
    ),
    "llamafile": Vendor(
        "https://github.com/Mozilla-Ocho/llamafile",
        embedding=_EMBEDDING,
        base_url="http://127.0.0.1:8080/v1",
        key="LLAMAFILE_API_KEY",
        key_optional=True,
    ),
}

# Names without a prefix that LiteLLM takes for OpenAI's, and for Anthropic's.
_BARE = {
    "openai": re.compile(
        r"(?!.*instruct)(?:gpt-|chatgpt-|o\d|text-embedding-(?:3|ada)|dall-e-|ft:gpt-|tts-|whisper-|omni-)"
    ),
    "anthropic": re.compile(r"claude-(?!instant|2|.*:)"),
}

# What a model is for when model_info.mode does not say: the first pattern found in its name.
_MODES = {
    "rerank": r"rerank",
    "embedding": r"embed|\bbge-|\be5-|\bgte-|all-minilm",
    "moderation": r"moderation",
    "audio_transcription": r"whisper|transcribe|\basr\b|voxtral-mini",
    "audio_speech": r"\btts\b|orpheus",
    "realtime": r"realtime|\blive\b|native-audio|gpt-live",
    "video_generation": r"\bsora\b|\bveo\b|-video|-[tir]2v\b|\bwan\d",
    "image_generation": r"dall-e|gpt-image|-image\b|imagen\b|imagine|\bflux|stable-diffusion|cogview|nano-banana",
    "ocr": r"mistral-ocr",
    "responses": r"codex|\bo\d[\w-]*-deep-research|multi-agent|\bo\d+-pro|gpt-[\d.]+-pro",
}


def split_model(model: str, provider: str | None, api_base: str | None) -> tuple[str | None, str]:
    """The provider that LiteLLM takes a model for, None for one that it alone knows, and the name that is asked for."""
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


def guess_mode(model: str) -> str:
    """What a model is for, by its name."""
    name = model.lower()
    return next((mode for mode, pattern in _MODES.items() if re.search(pattern, name)), "chat")
