"""GET requests to providers, whose answers may be anything."""

from collections.abc import Mapping
from typing import Any

import httpx2

from backend.features.providers.errors import NotGranted, ProviderUnavailable

_NOT_GRANTED = {401, 403, 404}


def fetch_json(client: httpx2.Client, url: str, headers: Mapping[str, str] | None = None) -> Any:
    """Send a GET and return the JSON of the answer; raises ProviderUnavailable or NotGranted."""
    try:
        response = client.get(url, headers={"accept": "application/json", **(headers or {})})
        if response.status_code in _NOT_GRANTED:
            raise NotGranted(f"{url} answered {response.status_code}")
        if not response.is_success:
            raise ProviderUnavailable(f"{url} answered {response.status_code}")
        return response.json()
    except httpx2.HTTPError as error:
        raise ProviderUnavailable(f"{url}: {error or type(error).__name__}") from None
    except (ValueError, RecursionError):  # the latter for a hundred thousand brackets
        raise ProviderUnavailable(f"{url} did not answer with JSON") from None
