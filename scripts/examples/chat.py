# python chat.py
#
# Ctrl-C stops an answer, Ctrl-D ends. Questions may come from a pipe: echo "Why is the sky blue?" | python chat.py
# Another vendor: edit the line `extends` of `chat` in models.yaml. Without a key: `modelhub mock` in one terminal, and
# in another one MODELHUB_PROFILE=mock in front of the command.
"""A chat in the terminal."""

import argparse
import sys

import modelhub


def answer(model, messages):
    """Print the answer as it arrives; the message that it is, as far as it came."""
    reply = model(messages, stream=True)
    try:
        for delta in reply:
            print(delta.text or "", end="", flush=True)
    except KeyboardInterrupt:
        reply.close()
        print(" [stopped]", end="")
    print(flush=True)
    return reply.to_message()


def chat(model):
    """Ask and answer until there are no more questions."""
    interactive = sys.stdin.isatty()
    history = []
    while True:
        try:
            question = {"role": "user", "content": input("> " if interactive else "")}
            reply = answer(model, [*history, question])
            if reply["content"]:
                history += [question, reply]
        except EOFError:
            return
        except KeyboardInterrupt:  # before anything has arrived
            print()
        except modelhub.ModelCallError as error:
            if not interactive:
                raise
            print(f"\n{error}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-m", "--model", default="chat", help="config_name of the model (%(default)s)")
    parser.add_argument("-c", "--config", default="models.yaml", help="file or folder of configs (%(default)s)")
    args = parser.parse_args()
    with modelhub.init(model_configs=args.config) as hub:
        chat(hub.get_model(args.model))


if __name__ == "__main__":
    try:
        main()
    except modelhub.ModelHubError as error:
        sys.exit(f"chat: {error}")
