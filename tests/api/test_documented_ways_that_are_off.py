"""The API's document also describes what is off unless a setting switches it on."""

from tests.admins import ADA
from tests.api.test_documented_answers import Document
from tests.in_process import Visitor

PATHS = {"/api/auth/sign-in/anonymous", "/api/auth/delete-anonymous-user"} | {
    f"/api/auth/multi-session/{name}" for name in ("list-device-sessions", "set-active", "revoke")
}


def call_them(ada: Visitor, trying: Visitor):
    token = {"sessionToken": ada.session()["session"]["token"]}
    for visitor in (trying, ada):
        yield visitor.get("multi-session/list-device-sessions")
        for path in ("set-active", "revoke"):
            for body in ({}, {"sessionToken": "x"}, token):
                yield visitor.post(f"multi-session/{path}", body)
    yield ada.sign_in()
    yield ada.post("delete-anonymous-user")
    for path in ("delete-anonymous-user", *["sign-in/anonymous"] * 2, "delete-anonymous-user"):
        yield trying.post(path)


def test_every_answer_is_one_that_the_document_describes(start, tmp_path):
    gatehouse = start(anonymous_sign_in=True, multi_session=True)
    document = Document(gatehouse)
    for answer in call_them(gatehouse.member(ADA), gatehouse.visitor()):
        document.check(answer)
    assert {path for _, path in document.checked} >= PATHS
    assert not PATHS & Document(start(data_dir=tmp_path / "off")).openapi["paths"].keys()
