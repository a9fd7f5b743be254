"""A stranger signs in at the provider that the owner of the Space signs in at, to be first."""

import threading
from typing import Any

import pytest
from sqlalchemy import update

from backend.storage.tables import users
from tests.admins import give_role
from tests.at_provider import begin, come_back
from tests.at_the_hub import (
    NO_ADMIN,
    OF_AN_ORGANIZATION,
    ORGANIZATION,
    OnTheHub,
    list_admins,
    list_created,
    open_hub,
)
from tests.make import PASSWORD
from tests.rig.preset_providers import (
    CLIENT_ID,
    CLIENT_SECRET,
    PresetProvider,
    preset_provider,
    say_json,
)
from tests.rig.provider_answers import HUGGING_FACE
from tests.rig.stand_in import Handler, Received

ADA, MALLORY = "ada@example.com", "mallory@example.com"
STRANGER = {"sub": "65f1c0ffee65f1c0ffee6666", "preferred_username": "mallory", "email": MALLORY}
ENGINES = HUGGING_FACE["orgs"][0]


def member(**changes: Any) -> dict[str, Any]:
    """Somebody who belongs to the organisation, with another role or other facts."""
    return {**STRANGER, "orgs": [{**ENGINES, **changes}]}


@pytest.fixture
def on_hub(start_on):
    with open_hub(start_on) as on_hub:
        yield on_hub


@pytest.fixture
def on_sqlite(start):
    with open_hub(start) as on_hub:
        yield on_hub


def test_the_creator_of_a_space_becomes_its_first_admin(on_hub: OnTheHub):
    gatehouse = on_hub.start()
    visitor = gatehouse.visitor()
    assert on_hub.sign_in(gatehouse, visitor) == "/in"
    assert visitor.session()["user"]["role"] == "admin"
    assert list_created(gatehouse) == ["space creator"]
    [event] = [each for each in gatehouse.events() if each.kind == "admin_created"]
    assert event.actor == event.subject == gatehouse.user_id(ADA)


def test_an_account_that_the_creator_has_already_becomes_the_admin(on_hub: OnTheHub):
    gatehouse = on_hub.start()
    known = gatehouse.member(ADA)
    gatehouse.execute(update(users).values(email_verified=True), gatehouse.user_id(ADA))
    assert known.session()["user"]["role"] == "user"
    on_hub.sign_in(gatehouse)
    assert known.session()["user"]["role"] == "admin"  # at once, in every session


def test_the_creator_may_sign_up_where_strangers_may_not(on_sqlite: OnTheHub):
    gatehouse = on_sqlite.start(sign_up=False)
    assert "error=signup_disabled" in on_sqlite.sign_in(gatehouse, **STRANGER)
    assert on_sqlite.sign_in(gatehouse) == "/in"
    assert list_admins(gatehouse) == [ADA]


def test_an_admin_of_an_organisation_becomes_the_first_of_its_space(on_hub: OnTheHub):
    gatehouse = on_hub.start(**OF_AN_ORGANIZATION)
    on_hub.sign_in(gatehouse)
    assert list_admins(gatehouse) == [ADA]
    assert list_created(gatehouse) == ["organization admin"]


def test_what_the_id_token_does_not_say_the_userinfo_does(on_sqlite: OnTheHub):
    gatehouse = on_sqlite.start(**OF_AN_ORGANIZATION)
    on_sqlite.hub.forged = {"orgs": None, "preferred_username": None}
    on_sqlite.sign_in(gatehouse)
    assert list_created(gatehouse) == ["organization admin"]


def test_the_address_in_admin_email_becomes_the_first_admin(on_hub: OnTheHub):
    gatehouse = on_hub.start(**OF_AN_ORGANIZATION, admin_email="Ada@Example.com")
    on_hub.sign_in(gatehouse, orgs=[])
    assert list_admins(gatehouse) == [ADA]
    assert list_created(gatehouse) == ["address in ADMIN_EMAIL"]


NOT_OF_THE_ORGANIZATION = {
    "a reader": member(roleInOrg="read"),
    "a writer": member(roleInOrg="write"),
    "a contributor": member(roleInOrg="contributor"),
    "a role that is not told": member(roleInOrg=None),
    "an admin of another one": member(preferred_username="engine"),
    "an admin of one whose full name is the same": member(
        preferred_username="engine", name=ORGANIZATION
    ),
    "an admin who must sign in there once more": member(pendingSSO=True),
    "an admin without the second factor that it wants": member(missingMFA=True),
    "an admin whom it restricts": member(securityRestrictions=["ip"]),
    "a list that is none": {**STRANGER, "orgs": {"preferred_username": ORGANIZATION}},
    "organisations that are none": {**STRANGER, "orgs": [ORGANIZATION, None, 7]},
    "nobody's organisation": {**STRANGER, "orgs": []},
    "who made it, but is no admin of it": {
        "sub": OF_AN_ORGANIZATION["space_creator_user_id"],
        "orgs": [],
    },
    "a person with the name of the organisation": {
        **STRANGER,
        "preferred_username": ORGANIZATION,
        "orgs": [],
    },
}


@pytest.mark.parametrize("person", NOT_OF_THE_ORGANIZATION.values(), ids=NOT_OF_THE_ORGANIZATION)
def test_nobody_else_becomes_it_on_an_organisations_space(on_sqlite: OnTheHub, person):
    gatehouse = on_sqlite.start(**OF_AN_ORGANIZATION)
    assert on_sqlite.sign_in(gatehouse, **person) == "/in"
    assert list_admins(gatehouse) == NO_ADMIN


NOT_THE_OWNER = {
    "a stranger": STRANGER,
    "a stranger who took the creator's old name": {**STRANGER, "preferred_username": "ada"},
    "a stranger with the creator's name in another case": {**STRANGER, "preferred_username": "Ada"},
    "an address that the hub has not verified": {"email_verified": False},
    "an admin of an organisation with another name": member(),
}


@pytest.mark.parametrize("person", NOT_THE_OWNER.values(), ids=NOT_THE_OWNER)
def test_nobody_else_becomes_it_on_a_personal_space(on_sqlite: OnTheHub, person):
    gatehouse = on_sqlite.start(admin_email="somebody@example.com")
    assert on_sqlite.sign_in(gatehouse, **person) == "/in"
    assert list_admins(gatehouse) == NO_ADMIN


OTHER_SPACES = {
    "given to somebody else": {"space_author_name": "bob"},
    "given to somebody else, by its id": {"space_author_name": "", "space_id": "bob/gatehouse"},
    "made by somebody else": {"space_creator_user_id": STRANGER["sub"]},
    "whose creator is unknown": {"space_creator_user_id": ""},
    "of nobody": {"space_author_name": "", "space_id": "", "space_creator_user_id": ""},
}


@pytest.mark.parametrize("settings", OTHER_SPACES.values(), ids=OTHER_SPACES)
def test_nobody_becomes_it_on_somebody_elses_space(on_sqlite: OnTheHub, settings):
    gatehouse = on_sqlite.start(**settings)
    assert on_sqlite.sign_in(gatehouse) == "/in"
    assert list_admins(gatehouse) == NO_ADMIN


def test_an_unverified_address_is_not_the_one_in_admin_email(on_sqlite: OnTheHub):
    gatehouse = on_sqlite.start(**OF_AN_ORGANIZATION, admin_email=ADA)
    on_sqlite.sign_in(gatehouse, orgs=[], email_verified=False)
    assert list_admins(gatehouse) == NO_ADMIN


def test_an_address_that_the_hub_does_not_vouch_for_any_more_counts_no_more(on_sqlite: OnTheHub):
    gatehouse = on_sqlite.start()
    on_sqlite.sign_in(gatehouse)
    give_role(gatehouse, ADA, "user")  # as the owner of the database may
    assert on_sqlite.sign_in(gatehouse, email_verified=False) == "/in"
    assert list_admins(gatehouse) == NO_ADMIN
    on_sqlite.sign_in(gatehouse)
    assert list_admins(gatehouse) == [ADA]


def test_another_provider_that_names_the_same_subject_makes_nobody_admin(on_sqlite: OnTheHub):
    with preset_provider("gitlab") as other:
        other.person = dict(HUGGING_FACE)
        variables = dict(other.settings)
        named = {"oidc_providers": variables.pop("OIDC_PROVIDERS"), "oidc": variables}
        gatehouse = on_sqlite.start(**named, admin_email=ADA)
        other.clock = on_sqlite.hub.clock
        visitor = gatehouse.visitor()
        response = visitor.get(come_back(begin(visitor, provider="gitlab")))
        assert response.headers["location"] == "/in"
    assert visitor.session()["user"]["email"] == ADA
    assert list_admins(gatehouse) == NO_ADMIN


def test_a_client_that_the_hub_did_not_make_for_the_space_makes_nobody_admin(on_sqlite: OnTheHub):
    own = {"CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET, "ISSUER": on_sqlite.hub.origin}
    variables = {f"OIDC_HUGGINGFACE_{name}": value for name, value in own.items()}
    gatehouse = on_sqlite.start(
        oidc_providers="huggingface", oidc=variables, oauth_client_id="the Hub's own"
    )
    assert on_sqlite.sign_in(gatehouse) == "/in"
    assert list_admins(gatehouse) == NO_ADMIN


def test_an_id_token_that_a_page_brings_makes_nobody_admin(on_sqlite: OnTheHub):
    gatehouse = on_sqlite.start()
    on_sqlite.hub.person = dict(HUGGING_FACE)
    visitor = gatehouse.visitor()
    token = on_sqlite.hub._sign({})
    body = {"provider": "huggingface", "idToken": {"token": token}}
    assert visitor.post("sign-in/social", body).status_code == 200
    assert visitor.session()["user"]["email"] == ADA
    assert list_admins(gatehouse) == NO_ADMIN


def test_the_creator_stays_what_they_are_once_there_is_an_admin(on_hub: OnTheHub):
    gatehouse = on_hub.start()
    gatehouse.member("root@example.com")
    give_role(gatehouse, "root@example.com", "admin")
    on_hub.sign_in(gatehouse)
    assert list_admins(gatehouse) == ["root@example.com"]
    gatehouse.ban("root@example.com")  # an admin all the same, who may be back
    on_hub.sign_in(gatehouse)
    assert list_admins(gatehouse) == ["root@example.com"]


def test_a_creator_whom_another_admin_demoted_does_not_come_back_as_admin(on_sqlite: OnTheHub):
    gatehouse = on_sqlite.start()
    visitor = gatehouse.visitor()
    on_sqlite.sign_in(gatehouse, visitor)
    gatehouse.member("root@example.com")
    give_role(gatehouse, "root@example.com", "admin")
    give_role(gatehouse, ADA, "user")
    on_sqlite.sign_in(gatehouse, visitor)
    assert list_admins(gatehouse) == ["root@example.com"]


def test_a_banned_creator_becomes_no_admin(on_sqlite: OnTheHub):
    gatehouse = on_sqlite.start()
    on_sqlite.sign_in(gatehouse)
    give_role(gatehouse, ADA, "user")
    gatehouse.ban(ADA)
    assert "error=BANNED_USER" in on_sqlite.sign_in(gatehouse)
    assert list_admins(gatehouse) == NO_ADMIN


def test_who_took_the_creators_address_first_gets_nothing_by_it(on_sqlite: OnTheHub):
    gatehouse = on_sqlite.start()
    gatehouse.member(ADA, password=PASSWORD)  # anybody can, without proving it
    assert "error=account_not_linked" in on_sqlite.sign_in(gatehouse)
    assert list_admins(gatehouse) == NO_ADMIN


class Crowd(PresetProvider):
    """A Hub at which several people are at once: who it is, the login hint says."""

    one_at_a_time = threading.Lock()

    def _grant(self, asked: dict[str, str]) -> dict[str, Any]:
        with self.one_at_a_time:
            self.person = member_called(asked["login_hint"])
            return {**super()._grant(asked), "access_token": asked["login_hint"]}

    def _tell_of_person(self, handler: Handler, received: Received) -> None:
        say_json(handler, member_called(received.headers["authorization"].split(" ")[1]))


def member_called(email: str) -> dict[str, Any]:
    return {**HUGGING_FACE, "sub": email, "email": email}


def test_of_several_who_may_at_the_same_moment_one_becomes_admin(start_on):
    with Crowd("huggingface", {}) as hub:
        gatehouse = OnTheHub(hub, start_on).start(**OF_AN_ORGANIZATION)
        visitors = [gatehouse.visitor() for _ in range(4)]
        paths = [
            come_back(begin(visitor, loginHint=f"admin{number}@example.com"))
            for number, visitor in enumerate(visitors)
        ]
        sent = (each.send_async("GET", path) for each, path in zip(visitors, paths, strict=True))
        answers = gatehouse.gather(*sent)
    assert {each.headers["location"] for each in answers} == {"/in"}
    assert len(list_admins(gatehouse)) == 1
    assert list_created(gatehouse) == ["organization admin"]
