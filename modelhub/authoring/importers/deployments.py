"""One model as another program has it, in the words that all importers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from modelhub.authoring.importers.drafts import Draft, Place
from modelhub.authoring.importers.references import ENVIRON
from modelhub.authoring.importers.values import Owner, Values
from modelhub.authoring.importers.vendors import BY_NAME, VENDORS, Vendor, is_elsewhere, split_model
from modelhub.authoring.variables import spell

Params = Mapping[str, tuple[Any, Place]]


class Deployment:
    """One model: its parameters under LiteLLM's names, each with its place.

    ``params`` has ``model``, ``api_key``, ``api_base``, ``extra_headers``, ``timeout``, ``max_retries``, ``rpm``,
    ``tpm``, ``max_parallel_requests``, ``stream``, ``tags``, and options of calls. ``info`` has ``mode`` (the task) and
    ``description``. With ``provider``, a name in ``BY_NAME`` or one that LiteLLM's library knows, the model's name is
    taken as it is; without, both are found as LiteLLM does. ``owner`` is what the program calls a server of one's own.
    """

    def __init__(
        self,
        name: str,
        place: Place,
        params: Params,
        info: Mapping[str, Any] | None = None,
        *,
        provider: str | None = None,
        owner: str = "",
        explain: Callable[[str], str | None] = lambda key: None,
    ) -> None:
        self.name = name
        self.place = place
        self.params = params
        self.info = info or {}
        self.provider = provider
        self.owner = owner
        self.explain = explain  # why a parameter is not converted; None for an option of calls

    def get(self, *names: str) -> Any:
        """The first of these parameters that is given."""
        return next((self.params[name][0] for name in names if self.params.get(name, (None,))[0] is not None), None)

    @property
    def address(self) -> Any:
        """The address of the server, None for the vendor's own."""
        return self.get("api_base", "base_url") or None


class Described(NamedTuple):
    """A model whose config is known already: its values by their paths, each with its place."""

    name: str
    place: Place
    values: dict[tuple[str, ...], tuple[Any, Place]]

    def build_draft(self, values: Values) -> Draft:
        """The config, except for its name; its references are translated, and no secret is kept."""
        draft = Draft(self.place)
        owner = Owner(self.name, self.name, f"{spell(self.name)}_API_KEY")
        for path, (value, place) in self.values.items():
            draft.put(path, values.read(value, *place, owner, name=path[-1]), place)
        return draft


def find_provider(deployment: Deployment) -> tuple[str | None, str]:
    """The provider of a deployment (None if only LiteLLM knows it), and the name of the model."""
    model = str(deployment.params["model"][0])
    if deployment.provider:
        return deployment.provider, model
    if model.startswith(ENVIRON):
        return None, model
    told, address = deployment.get("custom_llm_provider"), deployment.address
    return split_model(model, told and str(told), address if isinstance(address, str) else None)


def find_vendor(deployment: Deployment) -> Vendor | None:
    """What is known of the provider of a deployment."""
    provider, _ = find_provider(deployment)
    return (BY_NAME if deployment.provider else VENDORS).get(provider or "")


def find_variable(deployment: Deployment) -> str | None:
    """The variable with the key of a deployment that does not name a key."""
    vendor = find_vendor(deployment)
    if deployment.provider and is_elsewhere(deployment.provider, deployment.address):
        return None
    return vendor.key if vendor else None
