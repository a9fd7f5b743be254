"""Which address the server takes the caller for: limits and the audit trail rest on it."""

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.throwaway_account import observed_address
from doctor.deployment import is_public_host
from doctor.findings import CheckResult, CheckSkipped, failed, passed, warned

_FIRST, _LAST = "198.51.100.1", "198.51.100.2"  # documentation addresses, RFC 5737
_OTHERS = {
    "x_real_ip": "198.51.100.3",
    "forwarded": "for=198.51.100.4",
    "cf_connecting_ip": "198.51.100.5",
    "true_client_ip": "198.51.100.6",
    "x_client_ip": "198.51.100.7",
    "x_gatehouse_client_ip": "198.51.100.8",
}
_FORGED = "198.51.100."
_PAST = "the doctor runs on the server itself, past its proxy"


@check("address.true", "The server cannot be told a false client address", "session.read")
def true_address(context: CheckContext) -> CheckResult:
    """Who can choose their address escapes every limit, and puts another's into the audit trail."""
    browser = context.anonymous_browser()
    forged = {"x_forwarded_for": f"{_FIRST}, {_LAST}", **_OTHERS}
    believed = observed_address(browser, context.account, forged)
    context.shared["third device"] = browser
    if not believed:
        return warned("the server saw no address at all", "Limits then count everybody together.")
    if context.deployment.runs_on_server and believed == _LAST:
        raise CheckSkipped(
            f"the last X-Forwarded-For was believed, as it must be from here: {_PAST}"
        )
    is_forged = believed.startswith(_FORGED)
    is_ours = context.deployment.runs_on_server or not context.deployment.is_public
    if not is_ours and not is_forged and not is_public_host(believed):
        return warned(
            f"the server saw {believed}, an address of its own network, and not the caller's",
            "If the doctor runs elsewhere, all visitors share one rate limit: let the proxy append "
            "the caller's address to X-Forwarded-For, and name the proxy in TRUSTED_PROXIES.",
        )
    if not is_forged:
        return passed(f"six kinds of forged headers were sent, and the server saw {believed}")
    if believed == _LAST and not context.deployment.is_public:
        return warned(
            "the last X-Forwarded-For was believed, as it must be from a proxy",
            "The doctor calls from an address in TRUSTED_PROXIES, without a proxy between. Run it "
            "from outside to see what strangers can do. If strangers share this network, name "
            "your proxy alone in TRUSTED_PROXIES.",
        )
    return failed(
        f"the server believed {_header_of(believed)}",
        "It must believe nothing but the last X-Forwarded-For entry, and that one only from your "
        "proxy: let the proxy append the caller's address, and name it in TRUSTED_PROXIES.",
    )


def _header_of(believed: str) -> str:
    if believed in {_FIRST, _LAST}:
        which = "first" if believed == _FIRST else "last"
        return f"the {which} X-Forwarded-For entry, which the caller wrote"
    named = [name for name, told in _OTHERS.items() if believed in told]
    return f"{named[0].replace('_', '-')}, which the caller wrote" if named else believed


CHECKS = (true_address,)
