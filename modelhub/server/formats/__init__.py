"""The vendors' wire formats from the side of the server, a file each."""
