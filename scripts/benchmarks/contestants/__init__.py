"""Those whose calls are measured, each as its users would write them.

A module has ``open_blocking(url)``, ``open_async(url)``, or both: dicts of what can be done, by name, each a function
without arguments. ``call`` is a call, ``stream`` one whose deltas are read, ``paced`` the same from a server that
sends them one by one, ``numbers`` and ``base64`` a batch of embeddings; those of async code begin with an ``a``.
A module imports nothing but what it measures, since that may be in another environment.
"""

KEY = "sk-bench"
MODEL = "gpt-4o-mini"
PACED = "paced"
MESSAGES = [{"role": "user", "content": "Hello"}]
TEXTS = ["text"] * 64
