"""Reads configs from files, folders, text and Python objects."""

from modelhub.configs.sources.addresses import is_address as is_address
from modelhub.configs.sources.addresses import show as show
from modelhub.configs.sources.load import Sources as Sources
from modelhub.configs.sources.load import load as load
from modelhub.configs.sources.load import load_text as load_text
from modelhub.configs.sources.profile import select_profile as select_profile
from modelhub.configs.sources.source import Source as Source
