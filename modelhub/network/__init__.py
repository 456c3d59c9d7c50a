"""How servers are reached, for both drivers: proxies, certificates, options of TCP, limits."""
