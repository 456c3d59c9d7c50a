"""The old home of the tasks; they are in modelhub.base now."""

from modelhub.base.chat import ChatWrapper as ChatWrapper
from modelhub.base.embedding import EmbeddingWrapper as EmbeddingWrapper
from modelhub.base.embedding import normalize_texts as normalize_texts
from modelhub.base.image import ImageWrapper as ImageWrapper
from modelhub.base.image import normalize_prompt as normalize_prompt
