"""Other libraries' names for what modelhub does; nothing here is imported by the rest."""
