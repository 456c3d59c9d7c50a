"""A model that is pickled, deep-copied, or given to a worker of multiprocessing or joblib.

Source: openai/openai-python#1271, NVIDIA/garak#493, HKUDS/LightRAG#21 (deepcopy inside dataclasses.asdict),
eosphoros-ai/DB-GPT#1715, langfuse/langfuse#2799.
Right: the copy works (its config travels, its connections do not), or one clear TypeError says to send the config_name
and fetch the model there. "cannot pickle '_thread.lock' object" is neither.
"""

import copy
import multiprocessing
import pickle

from prelude import Server, build, check, completion, reply, tell, verdict

if __name__ == "__main__":
    server = Server(lambda connection, request, number: connection.sendall(reply(completion("ok"))))
    hub, model = build(server.url)
    plain = {"config_name": "c", "model_type": "mine"}

    from modelhub import ModelRegistry, ModelWrapperBase

    class Mine(ModelWrapperBase):
        model_type = "mine"

        def __call__(self, text, **options):
            return "ok"

    custom = ModelRegistry(plain, wrappers=[Mine]).get_model("c")

    def say(text, copied):
        return copied(text).text

    ways = {
        "pickle, not used yet": lambda: pickle.loads(pickle.dumps(model)),
        "pickle, used": lambda: (model("hi"), pickle.loads(pickle.dumps(model)))[1],
        "deepcopy": lambda: copy.deepcopy(model),
        "copy": lambda: copy.copy(model),
        "a plain Python wrapper, deepcopy": lambda: copy.deepcopy(custom),
    }
    try:
        import cloudpickle

        ways["cloudpickle of a closure (as Ray does)"] = lambda: pickle.loads(
            cloudpickle.dumps(lambda text: model(text))
        )
    except ImportError:
        pass
    for what, way in ways.items():
        try:
            told = way()("hi").text
        except Exception as error:
            told = tell(error)
        check(what, told == "ok" or "config_name" in told, told)
    context = multiprocessing.get_context("spawn")
    try:
        with context.Pool(1) as pool:
            told = pool.apply(model, ("hi",)).text
    except Exception as error:
        told = tell(error)
    check("multiprocessing, spawn", told == "ok" or "config_name" in told, told)
    try:
        hub_copy = pickle.loads(pickle.dumps(hub))
        told = hub_copy.get_model("m")("hi").text
    except Exception as error:
        told = tell(error)
    check("the registry, pickle", told == "ok" or "config" in told, told)
    verdict(minor={"the registry, pickle"})
