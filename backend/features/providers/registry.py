"""The providers of this server, each with its client."""

from collections.abc import Sequence

from backend.features.providers.client import ProviderClient
from backend.features.providers.client_secrets import ClientSecrets
from backend.kernel.clock import Clock
from backend.kernel.configuration.providers import ProviderConfig


class Providers:
    """The clients of all providers, in the order of the settings."""

    def __init__(self, configs: Sequence[ProviderConfig], clock: Clock) -> None:
        secrets = ClientSecrets()
        self._clients = {each.id: ProviderClient(each, clock, secrets) for each in configs}

    def find(self, provider_id: str) -> ProviderClient | None:
        """Find the client of a provider by its id."""
        return self._clients.get(provider_id)

    def list_clients(self) -> Sequence[ProviderClient]:
        return list(self._clients.values())

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
