"""NO_PROXY with a CIDR range or a host:port: the model in the cluster must not be asked through the company's proxy.

Source: NousResearch/hermes-agent#59667, THUDM/slime#1714, wecode-ai/Wegent#3556, aio-libs/aiohttp#4431.
Right: blocking and awaited calls go the same way (requests knows CIDR and host:port), so the prompt and the key reach
no proxy that NO_PROXY excludes.
"""

import asyncio
import os

from prelude import Server, build, check, completion, reply, tell, verdict

direct = Server(lambda connection, request, number: connection.sendall(reply(completion("direct"))))
proxy = Server(lambda connection, request, number: connection.sendall(reply(completion("proxied"))))
RULES = {
    "exact": "127.0.0.1",
    "list with spaces": "localhost, 127.0.0.1",
    "CIDR": "10.0.0.0/8,127.0.0.0/8",
    "host:port": f"localhost:{direct.port}",
    "suffix": ".0.0.1",
    "star": "*",
}
for what, rule in RULES.items():
    os.environ.update(HTTP_PROXY=proxy.url, NO_PROXY=rule)
    url = direct.url.replace("127.0.0.1", "localhost") if what == "host:port" else direct.url
    went = {}
    for how in ("sync", "async"):
        hub, model = build(url, retry={"max_attempts": 1})
        try:
            went[how] = (model("hi") if how == "sync" else asyncio.run(model.acall("hi"))).text
        except Exception as error:
            went[how] = tell(error)
    right = went["sync"] == went["async"] == "direct" if what != "suffix" else went["sync"] == went["async"]
    check(f"NO_PROXY={rule.replace(str(direct.port), 'PORT')} ({what})", right, went)
verdict()
