"""What services call the parts of a request, and the words that are written in them."""

from __future__ import annotations

from modelhub.authoring.adapter.words import list_words

OPTIONS = {
    "temperature": frozenset(list_words("temperature temp temperatur creativity")),
    "top_p": frozenset(list_words("top_p topp nucleus top-p nucleus_p")),
    "top_k": frozenset(list_words("top_k topk")),
    "max_tokens": frozenset(
        list_words(
            "max_tokens max_new_tokens max_output_tokens max_length max_len maxlen num_predict max_token "
            "max_gen_len maximum_tokens limit max_completion_tokens token_limit max_generate_tokens max_tok max "
            "max_out length"
        )
    ),
    "stop": frozenset(list_words("stop stop_sequences stop_words stops stop_sequence")),
    "seed": frozenset(list_words("seed random_seed")),
    "presence_penalty": frozenset(list_words("presence_penalty")),
    "frequency_penalty": frozenset(list_words("frequency_penalty")),
    "repetition_penalty": frozenset(list_words("repetition_penalty repeat_penalty penalty_score")),
    "response_format": frozenset(list_words("response_format")),
    "tool_choice": frozenset(list_words("tool_choice")),
}
OF_IMAGES = {"size", "n", "style", "quality"}
OPTION = {name: option for option, names in OPTIONS.items() for name in names}
STREAM = frozenset(
    list_words(
        "stream streaming is_stream streamed incremental do_stream enable_stream sse stream_mode use_stream live "
        "chunks chunked pieces partial 流 flow"
    )
)
FLAGS = {
    "false": "true",
    "blocking": "streaming",
    "no": "yes",
    "off": "on",
    "0": "1",
    "否": "是",
    "N": "Y",
    "n": "y",
    "False": "True",
    "sync": "stream",
    "batch": "stream",
}
FLAGS |= {yes: yes for yes in FLAGS.values()}
SYSTEM = frozenset(
    list_words(
        "system instructions instruction preamble system_prompt persona system_message sys system_instruction context"
    )
)
MODEL = {"model", "model_name", "model_id", "engine", "deployment", "modelid", "model_version", "model_uri"}
TEXTS = frozenset(
    list_words(
        "texts inputs input sentences documents text passages queries content instances contents strings docs "
        "phrases data lines items"
    )
)
PROMPT = frozenset(
    list_words(
        "prompt inputs input text query question message content q user_input ask instruction data body msg "
        "utterance prompts texts user_message user_prompt say description input_text text_input 问题 提示"
    )
)
LAST = {"query", "question", "message", "q", "user_input", "ask", "user_message", "utterance", "msg"}
