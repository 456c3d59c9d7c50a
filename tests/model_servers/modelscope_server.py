"""ModelScope's own HTTP server on a small random BERT; run as a program, in ModelScope's environment.

modelscope_server.py text-classification|sentence-embedding FOLDER
"""

import argparse
import json
import string
import sys
from pathlib import Path

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *string.printable.split()[0]]


def make_model(task: str, folder: Path) -> None:
    """Write a BERT of two layers with random weights, as ModelScope's pipelines for ``task`` want it."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizer

    torch.manual_seed(0)
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join([*WORDS, *(f"##{letter}" for letter in WORDS[5:])]))
    tokenizer = BertTokenizer(str(folder / "vocab.txt"))
    tokenizer.save_pretrained(folder)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    classes = {0: "negative", 1: "positive"}
    config = BertConfig(
        vocab_size=len(tokenizer), id2label=classes, label2id={v: k for k, v in classes.items()}, **sizes
    )
    model = (BertModel if task == "sentence-embedding" else BertForSequenceClassification)(config)
    model.save_pretrained(folder, safe_serialization=False)
    preprocessor = "sentence-embedding" if task == "sentence-embedding" else "sen-cls-tokenizer"
    types = {"model": {"type": "bert"}, "pipeline": {"type": task}, "preprocessor": {"type": preprocessor}}
    (folder / "configuration.json").write_text(json.dumps({"framework": "pytorch", "task": task, **types}))


def main() -> None:
    """Serve the model on a free port; the stock command would ask modelscope.cn about it first."""
    task, folder = sys.argv[1], Path(sys.argv[2])
    make_model(task, folder)

    import uvicorn
    from modelscope.pipelines import pipeline
    from modelscope.server import api_server
    from modelscope.server.core import event_handlers

    event_handlers.create_pipeline = lambda *args, **kwargs: pipeline(task=task, model=str(folder))
    options = argparse.Namespace(model_id=str(folder), revision="master", external_engine_for_llm=False)
    uvicorn.run(api_server.get_app(options), host="127.0.0.1", port=0)


if __name__ == "__main__":
    main()
