"""How files, defaults, templates and profiles become the configs that are in effect."""

from modelhub.configs.layers.merge import build_layers as build_layers
