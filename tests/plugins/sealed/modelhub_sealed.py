"""A plugin for secrets that ends the program when it is imported."""

raise SystemExit("the vault is sealed")
