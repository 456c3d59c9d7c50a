"""How files, defaults, templates and profiles become the configs that are in effect."""
