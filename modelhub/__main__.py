"""``python -m modelhub`` is the ``modelhub`` command."""

from modelhub.cli import main

if __name__ == "__main__":
    main()
