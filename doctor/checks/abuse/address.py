"""The client address the server sees: rate limits and the audit trail depend on it."""

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.throwaway_account import observed_address
from doctor.deployment import is_public_host
from doctor.findings import CheckResult, CheckSkipped, failed, passed, warned

_FIRST, _LAST = "198.51.100.1", "198.51.100.2"  # documentation addresses, RFC 5737
_OTHER_HEADERS = {
    "x_real_ip": "198.51.100.3",
    "forwarded": "for=198.51.100.4",
    "cf_connecting_ip": "198.51.100.5",
    "true_client_ip": "198.51.100.6",
    "x_client_ip": "198.51.100.7",
    "x_gatehouse_client_ip": "198.51.100.8",
}
_FORGED = "198.51.100."


@check("address.true", "Clients cannot forge their IP address", "session.read")
def true_address(context: CheckContext) -> CheckResult:
    """A client that can forge its address escapes all limits and hides from the audit trail."""
    browser = context.anonymous_browser()
    forged = {"x_forwarded_for": f"{_FIRST}, {_LAST}", **_OTHER_HEADERS}
    observed = observed_address(browser, context.account, forged)
    context.shared["third device"] = browser
    if not observed:
        return warned(
            "the server saw no client address",
            "All clients share one rate limit. Let the proxy append the client's address to "
            "X-Forwarded-For, and list the proxy in TRUSTED_PROXIES.",
        )
    if context.deployment.runs_on_server and observed == _LAST:
        raise CheckSkipped(
            "the doctor runs on the server itself, whose X-Forwarded-For the server trusts"
        )
    is_forged = observed.startswith(_FORGED)
    is_local = context.deployment.runs_on_server or not context.deployment.is_public
    if not is_local and not is_forged and not is_public_host(observed):
        return warned(
            f"the server saw {observed}, an address of its own network, not the client's",
            "Unless the doctor runs in that network, all clients share one rate limit: let the "
            "proxy append the client's address to X-Forwarded-For, and list the proxy in "
            "TRUSTED_PROXIES.",
        )
    if not is_forged:
        return passed(f"the server ignored seven forged headers and saw {observed}")
    if observed == _LAST and not context.deployment.is_public:
        return warned(
            "the server trusted the last X-Forwarded-For entry, as it must from a proxy",
            "The doctor itself calls from an address in TRUSTED_PROXIES. Run it from another "
            "network. If clients share this one, list only your proxy in TRUSTED_PROXIES.",
        )
    return failed(
        f"the server trusted {_forged_header(observed)}, which the client forged",
        "Let the proxy append the client's address to X-Forwarded-For, and list only the proxy in "
        "TRUSTED_PROXIES: the server then trusts that last entry and nothing else.",
    )


def _forged_header(observed: str) -> str:
    if observed in {_FIRST, _LAST}:
        which = "first" if observed == _FIRST else "last"
        return f"the {which} X-Forwarded-For entry"
    names = [name for name, value in _OTHER_HEADERS.items() if observed in value]
    return names[0].replace("_", "-") if names else observed


CHECKS = (true_address,)
