"""What writes: configs to start from, those of other programs, schemas for editors, pages of reference."""
