"""The words that names of keys are made of, and what services mean by them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SPLIT = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")


def list_words(text: str) -> tuple[str, ...]:
    """The words of a text, between blanks."""
    return tuple(text.split())


def weigh(words: Mapping[int, str]) -> dict[str, int]:
    """The points of each word, from the words by their points."""
    return {word: points for points, some in words.items() for word in list_words(some)}


# What a key that holds the answer may be called; the more certain, the higher.
ANSWER = weigh(
    {
        9: (
            "answer answers reply completion generation completions response_text 答案 回答 回复 ответ respuesta "
            "antwort réponse 回覆 返信"
        ),
        8: "text txt content contents generated ans utterance answered 内容 文本 应答 текст texto texte",
        7: (
            "response output outputs result results say said speech assistant prediction predictions utter 结果 "
            "输出 本文"
        ),
        6: "resp delta words sentence translation",
        5: "out message bot ai summary chunk piece written frag fragment 消息",
        4: "body data value token part parts diff increment",
        3: "msg",
        2: "c t",
        1: "s d",
    }
)
# What a key is called that holds anything but the answer.
OTHER = weigh(
    {
        9: (
            "id ids uuid role timestamp fingerprint trace error errors errmsg mime signature sign hash usage "
            "parameters args arguments tools region host tier logprobs datatype reasoning thinking thought "
            "thoughts webhook ip 错误"
        ),
        8: (
            "code model type object created time date reason version url uri urls prompt question query input "
            "inputs err warning warnings author speaker kind history system instructions function node 结束 状态 "
            "原因 角色 模型 类型 echo"
        ),
        7: (
            "status state finish stop name lang language request detail from event format session user log "
            "citation citations tool logs debug safety category finished rationale"
        ),
        6: (
            "at to source sources reference references documents document service refusal desc description "
            "intent topic hint disclaimer notice"
        ),
        5: "title suggestions",
        4: "meta metadata label labels",
        0: "messages",
    }
)
REASONING = {"reasoning", "thinking", "thought", "thoughts", "rationale", "think", "cot", "思考"}
# Lists of which each item is another whole answer, so that the first is read.
CHOICES = frozenset(
    list_words(
        "choices candidates generations predictions results alternatives completions answers responses outputs "
        "replies hypotheses samples variants beams options generated cands"
    )
)
ID = {"id", "uuid", "uid", "guid", "rid", "ref", "号"}
# Values of a status or a code that mean that all is well.
FINE = frozenset(
    list_words(
        "0 ok okay success succeeded successful 200 none null true 000000 00000 0000 s0000 成功 fine good normal"
    )
) | {"", "no error"}
DONE = frozenset(
    list_words("done succeeded succeed success completed complete finished ready ok finish successful ended end")
)

# What services call the reasons for which an answer ends.
FINISH = {
    "stop": list_words(
        "stop end done complete finished eos end_turn completed finish eos_token stop_sequence normal natural "
        "success endoftext ok ended eot turn_end message_stop 正常 完成 结束"
    ),
    "length": list_words(
        "length max_tokens limit cut truncated max_length token_limit max_output_tokens max_new_tokens cutoff "
        "overflow too_long 截断 超长"
    ),
    "tool_calls": list_words(
        "tool_calls tool_call tool_use function_call call calls tool function function_calls tools action 调用"
    ),
    "content_filter": list_words(
        "content_filter filtered filter blocked safety sensitive refusal moderation content_filtered refused "
        "guardrail_intervened recitation blacklist prohibited_content censored error_toxic 敏感 违规"
    ),
}
FINISH_MEANING = {word: meaning for meaning, words in FINISH.items() for word in words}
# What services call who speaks.
ROLES = {
    "system": frozenset(list_words("system sys developer instruction instructions context 系统 系統 persona")),
    "user": frozenset(
        list_words("user human client customer question usr caller person q ask me u in 用户 用戶 h requester visitor")
    ),
    "assistant": frozenset(
        list_words(
            "assistant ai bot model gpt agent chatbot answer robot machine a llm reply out 助手 机器人 advisor "
            "responder"
        )
    ),
    "tool": frozenset(
        list_words(
            "tool function observation plugin ipython tool_result function_result tools fn f t 工具 tool_response"
        )
    ),
}
ROLE_MEANING = {word: role for role, words in ROLES.items() for word in words}
ROLE_KEYS = frozenset(
    list_words("role speaker from author sender who type by actor side party r 角色 user_type source name kind")
)
CONTENT_KEYS = frozenset(
    list_words(
        "content text message body value parts utterance msg txt say said data words c 内容 contents payload line"
    )
)


def split_name(name: str) -> list[str]:
    """The words of a key's name, in small letters: ``finishReason`` and ``finish_reason`` are both two words."""
    return [word.lower() for word in _SPLIT.findall(name)]


def is_fine(value: object) -> bool:
    """Whether a value of a status, a code or a flag says that nothing went wrong."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value in (0, 200)
    return value is None or (isinstance(value, str) and value.strip().lower() in FINE)


def same_style(word: str, like: str) -> str:
    """``word`` in the style of ``like``: capitals, one capital, words that are joined by - or by capitals."""
    if like.isupper():
        return word.upper()
    if "-" in like:
        word = word.replace("_", "-")
    if any(char.isupper() for char in like[1:]) and "_" not in like and "-" not in like:
        first, *rest = word.split("_")
        word = first + "".join(each.capitalize() for each in rest)
    return word[:1].upper() + word[1:] if like[:1].isupper() else word
