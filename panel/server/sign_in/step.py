"""Where somebody is in the second step, as forms and addresses carry it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from panel.server.return_path import FIELD, return_path
from panel.ui import urls


@dataclass(frozen=True)
class Step:
    """Where somebody is in the second step, as the page's address has it."""

    methods: Sequence[str]
    """What may answer besides a backup code: totp, otp."""
    way: str
    """The kind of code that is asked for: totp, otp or backup."""
    target: str
    """The page that opens afterwards."""
    is_sent: bool = False
    """Whether a code has been mailed."""

    @classmethod
    def from_fields(cls, fields: Mapping[str, str]) -> "Step":
        """Read the fields of a form or the parameters of an address."""
        methods = [each for each in fields.get("methods", "").split(",") if each in {"totp", "otp"}]
        way = fields.get("way", "")
        ways = (*methods, "backup")
        target = return_path(fields.get(FIELD, ""))
        return cls(methods, way if way in ways else ways[0], target, "sent" in fields)

    def fields(self) -> dict[str, str]:
        """Return what `from_fields` reads, without what needs no saying."""
        target = "" if self.target == urls.HOME else self.target
        fields = {"methods": ",".join(self.methods), "way": self.way, FIELD: target}
        fields["sent"] = "1" if self.is_sent else ""
        return {name: value for name, value in fields.items() if value}

    def with_way(self, way: str) -> "Step":
        """Return the same step with another kind of code."""
        return replace(self, way=way, is_sent=False)

    def url(self, why: str = "") -> str:
        """Return the address of its page."""
        fields = self.fields() | ({"why": why} if why else {})
        return f"{urls.SECOND_STEP}?{urls.encode_query(fields)}"


def second_step_url(methods: Sequence[str], target: str) -> str:
    """Return where a sign-in goes on that needs a code."""
    fields = {"methods": ",".join(methods), FIELD: target}
    return Step.from_fields(fields).url()
