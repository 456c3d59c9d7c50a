"""What the answers of models cost."""
