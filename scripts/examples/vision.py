# python vision.py "What do these pictures show?" picture.png https://www.python.org/static/img/python-logo.png
#
# Without a key: `modelhub mock` in one terminal, and in another one MODELHUB_PROFILE=mock in front of the command.
"""Asks about pictures, which are files of this machine or URLs that the vendor fetches."""

import argparse
import sys

import modelhub


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("question")
    parser.add_argument("pictures", nargs="+", help="paths, or URLs")
    parser.add_argument("-m", "--model", default="chat", help="config_name of the model (%(default)s)")
    parser.add_argument("-c", "--config", default="models.yaml", help="file or folder of configs (%(default)s)")
    args = parser.parse_args()
    content = [{"type": "text", "text": args.question}]
    content += [{"type": "image_url", "image_url": {"url": picture}} for picture in args.pictures]
    with modelhub.init(model_configs=args.config) as hub:
        model = hub.get_model(args.model)
        for delta in model([{"role": "user", "content": content}], stream=True):
            print(delta.text or "", end="", flush=True)
    print()


if __name__ == "__main__":
    try:
        main()
    except modelhub.ModelHubError as error:
        sys.exit(f"vision: {error}")
