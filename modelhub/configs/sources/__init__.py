"""Reads configs from files, folders, text and Python objects."""

from modelhub.configs.sources.load import Sources as Sources
from modelhub.configs.sources.load import load as load
from modelhub.configs.sources.load import load_text as load_text
from modelhub.configs.sources.load import select_profile as select_profile
