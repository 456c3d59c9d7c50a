"""Tools, tool_choice and response_format: any form in, one neutral form, and what each vendor takes of it."""

from modelhub.fitting.rules import ANTHROPIC as ANTHROPIC
from modelhub.fitting.rules import DASHSCOPE as DASHSCOPE
from modelhub.fitting.rules import GEMINI as GEMINI
from modelhub.fitting.rules import OLLAMA as OLLAMA
from modelhub.fitting.rules import OPENAI as OPENAI
from modelhub.fitting.rules import PLAIN as PLAIN
from modelhub.fitting.rules import ZHIPUAI as ZHIPUAI
from modelhub.fitting.rules import VendorRules as VendorRules
