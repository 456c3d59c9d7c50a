"""How servers are reached, for both drivers: the proxies and certificates that the environment names, options of TCP."""
