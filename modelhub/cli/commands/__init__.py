"""The commands, one in each module; a module is imported only when its command runs."""
