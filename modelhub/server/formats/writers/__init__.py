"""The replies of each protocol, written from the answers of models; the mock's are written here, too."""
