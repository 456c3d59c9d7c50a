"""How a request shows who makes it: keys, signatures and tokens, as the ``auth`` of a config says."""

from modelhub.adapters.auth.compile import compile_auth as compile_auth
