"""HTTP endpoints with which an admin sees the providers, and what each still needs."""

from backend.features.providers.provider_check import check_provider
from backend.features.providers.routes.set_up_wire import (
    CheckProvider,
    ProviderFinding,
    ProviderFindings,
    ProviderSetUp,
    ProvidersSetUp,
)
from backend.features.providers.service import ProviderSignIn
from backend.features.sessions.dependencies import Administrator
from backend.kernel.clock import Clock
from backend.kernel.configuration.provider_presets import PRESETS
from backend.kernel.refusals import Refusal
from backend.kernel.settings import Settings
from backend.web.routing.routes import Routes

routes = Routes("admin", prefix="/api/admin", auth_rules=False)


@routes.get("/providers", response_model=ProvidersSetUp)
async def list_providers(current: Administrator, settings: Settings) -> ProvidersSetUp:
    """List the providers that people can sign in with, and the presets that need settings yet."""
    configured = {each.id for each in settings.providers}
    missing = [each for each in PRESETS if each not in configured]
    return ProvidersSetUp(
        providers=[
            *(ProviderSetUp.of(each, settings) for each in settings.providers),
            *(ProviderSetUp.of_preset(each, settings) for each in missing),
        ]
    )


@routes.post(
    "/check-provider",
    response_model=ProviderFindings,
    asks_provider=True,
    refusals=("PROVIDER_NOT_FOUND",),
)
def admin_check_provider(
    current: Administrator, services: ProviderSignIn, clock: Clock, body: CheckProvider
) -> ProviderFindings:
    """Check what can be seen of a provider without a person: who it says it is, its keys, whether
    it knows this server's client and redirect URI, and its clock."""
    client = services.providers.find(body.provider)
    if client is None:
        raise Refusal("PROVIDER_NOT_FOUND")
    findings = check_provider(client.config, clock)
    return ProviderFindings(
        findings=[
            ProviderFinding(check=each.check, outcome=each.outcome, message=each.sentence)
            for each in findings
        ]
    )
