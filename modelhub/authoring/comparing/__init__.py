"""What has changed from one set of configs to another, and whether callers notice."""

from modelhub.authoring.comparing.compare import Change, Changed, Comparison, compare
from modelhub.authoring.comparing.read import Configs, Uncomparable, read_configs

__all__ = ["Change", "Changed", "Comparison", "Configs", "Uncomparable", "compare", "read_configs"]
