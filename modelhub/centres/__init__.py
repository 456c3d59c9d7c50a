"""Configs from configuration centres and web servers: read when asked, followed while a registry watches.

``centre`` is one address as one registry reads it, ``following`` the thread that follows it, ``copies`` what is kept on
disk. How each kind of centre is spoken to stands in a module of its own, by pure functions of data.
"""
