# python search.py "How long should tea steep?" texts
#
# Without a key: `modelhub mock` in one terminal, and in another one MODELHUB_PROFILE=mock in front of the command.
"""Searches the .txt files of a folder by meaning: the paragraphs nearest to a question, best first."""

import argparse
import math
import sys
from operator import mul
from pathlib import Path

import modelhub


def read_paragraphs(folder):
    """Pairs of a place, such as ``tea.txt:3``, and the text there."""
    for path in sorted(folder.rglob("*.txt")):
        paragraphs = path.read_text("utf-8").split("\n\n")
        for number, paragraph in enumerate(paragraphs, 1):
            if paragraph.strip():
                yield f"{path.relative_to(folder)}:{number}", " ".join(paragraph.split())


def embed(model, texts, batch):
    """The vector of each text, asked for in batches, with length 1 so that a product is a cosine."""
    vectors = []
    for start in range(0, len(texts), batch):
        vectors += model(texts[start : start + batch]).embedding
    return [[x / (math.hypot(*vector) or 1) for x in vector] for vector in vectors]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("question")
    parser.add_argument("folder", type=Path)
    parser.add_argument("-k", type=int, default=3, help="how many paragraphs to show (%(default)s)")
    parser.add_argument("--batch", type=int, default=64, help="how many texts go into one request (%(default)s)")
    parser.add_argument("-m", "--model", default="embedding", help="config_name of the model (%(default)s)")
    parser.add_argument("-c", "--config", default="models.yaml", help="file or folder of configs (%(default)s)")
    args = parser.parse_args()
    found = list(read_paragraphs(args.folder))
    if not found:
        sys.exit(f"search: there are no .txt files in {args.folder}")
    with modelhub.init(model_configs=args.config) as hub:
        model = hub.get_model(args.model)
        vectors = embed(model, [text for _, text in found], args.batch)
        (wanted,) = embed(model, [args.question], args.batch)
    scores = [sum(map(mul, wanted, vector)) for vector in vectors]
    ranking = sorted(zip(scores, found, strict=True), reverse=True)
    for score, (place, text) in ranking[: args.k]:
        print(f"{score:.3f}  {place}  {text}")


if __name__ == "__main__":
    try:
        main()
    except modelhub.ModelHubError as error:
        sys.exit(f"search: {error}")
