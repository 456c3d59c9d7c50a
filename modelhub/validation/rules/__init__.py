"""What is checked of a config, a file each."""
