"""Threat: a picture that is none, served at the address of the sessions.

What a user uploads is a PNG, JPEG, WebP or GIF by its bytes, small, and can run nothing
(docs/decisions/0028-pictures-are-stored-apart.md).
"""

import hashlib
import json
import zipfile
from base64 import b64decode, b64encode
from io import BytesIO

import httpx
import pytest
from sqlalchemy import func, select

from backend.kernel.pictures import MAX_PICTURE_SIZE
from backend.storage.tables import pictures, users
from tests.admins import ADA, make_admin, user_id_of
from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD

PNG = b"\x89PNG\r\n\x1a\n"
MAGIC = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF89a",
    "image/webp": b"RIFF\x10\x00\x00\x00WEBP",
}
SCRIPT = b"<script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def data_url(content: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{b64encode(content).decode()}"


def padded(content: bytes, size: int = 4000) -> bytes:
    """A content so long that its data URL would not be taken for a short text."""
    return content + b" " * (size - len(content))


def choose(visitor: Visitor, image: str | None) -> httpx.Response:
    return visitor.post("update-user", {"image": image})


def image_of(visitor: Visitor) -> str:
    return visitor.session()["user"]["image"]


def fetch(gatehouse: Gatehouse, address: str) -> httpx.Response:
    assert address.startswith(f"{gatehouse.settings.base_url}/")
    return gatehouse.visitor().get(address.removeprefix(gatehouse.settings.base_url))


def count_pictures(gatehouse: Gatehouse) -> int:
    return gatehouse.rows(select(func.count()).select_from(pictures))[0][0]


@pytest.mark.parametrize("media_type", MAGIC)
def test_a_small_picture_gets_an_address_of_its_own(any_gatehouse, media_type):
    ada, content = any_gatehouse.member(ADA), padded(MAGIC[media_type])
    assert choose(ada, data_url(content)).json() == {"status": True}
    address = image_of(ada)
    assert address.endswith(f"/api/auth/picture/{hashlib.sha256(content).hexdigest()}")
    answer = fetch(any_gatehouse, address)
    assert (answer.status_code, answer.content) == (200, content)
    # The type is that of the bytes, whatever the data URL said.
    assert answer.headers.get_list("content-type") == [media_type]
    assert answer.headers.get_list("content-security-policy") == ["default-src 'none'; sandbox"]
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert answer.headers.get_list("cross-origin-resource-policy") == ["cross-origin"]
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "image",
    [
        data_url(padded(SVG), "image/svg+xml"),
        data_url(padded(SVG), "image/png"),
        data_url(padded(SCRIPT), "image/png"),
        data_url(padded(SCRIPT), "text/html"),
        data_url(padded(b" " + PNG)),
        data_url(padded(PNG), "text/html"),
        data_url(padded(PNG, MAX_PICTURE_SIZE + 1)),
        "data:image/png," + "%89PNG" * 500,
        "data:image/png;base64," + "*" * 4000,
        "data:image/png;base64," + "A" * 4001,
        "data:image/png;charset=x;base64," + "A" * 4000,
        "data:," + "x" * 4000,
    ],
)
def test_what_is_no_small_picture_is_refused_and_nothing_is_kept(gatehouse, image):
    ada = gatehouse.member(ADA)
    answer = choose(ada, image)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert "PNG, JPEG, WebP or GIF of at most 47 KB" in answer.json()["message"]
    assert (image_of(ada), count_pictures(gatehouse)) == (None, 0)


def test_the_largest_is_taken(gatehouse):
    ada = gatehouse.member(ADA)
    assert choose(ada, data_url(padded(PNG, MAX_PICTURE_SIZE))).status_code == 200


def test_a_picture_that_is_a_page_too_is_served_as_a_picture(gatehouse):
    ada = gatehouse.member(ADA)
    choose(ada, data_url(padded(MAGIC["image/gif"] + SCRIPT), "image/svg+xml"))
    answer = fetch(gatehouse, image_of(ada))
    assert answer.headers["content-type"] == "image/gif"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_a_short_text_stays_what_it_is(gatehouse):
    ada = gatehouse.member(ADA)
    choose(ada, data_url(SVG, "image/svg+xml"))
    assert (image_of(ada), count_pictures(gatehouse)) == (data_url(SVG, "image/svg+xml"), 0)


def test_strangers_and_admins_store_none(gatehouse):
    admin = make_admin(gatehouse)
    image, new = data_url(padded(PNG)), {"name": "Bob", "email": "bob@example.com"}
    refused = [
        gatehouse.visitor().post("sign-up/email", {**new, "password": PASSWORD, "image": image}),
        admin.post("admin/create-user", {**new, "data": {"image": image}}),
    ]
    assert [each.status_code for each in refused] == [400, 400]
    assert count_pictures(gatehouse) == 0


@pytest.mark.parametrize("after", [None, "https://img.example/a.png"])
def test_another_image_deletes_the_picture(any_gatehouse, after):
    ada = any_gatehouse.member(ADA)
    choose(ada, data_url(padded(PNG)))
    address = image_of(ada)
    choose(ada, after)
    assert image_of(ada) == after
    assert fetch(any_gatehouse, address).status_code == 404


def test_another_picture_replaces_it(any_gatehouse):
    ada = any_gatehouse.member(ADA)
    choose(ada, data_url(padded(PNG)))
    before = image_of(ada)
    choose(ada, data_url(padded(MAGIC["image/gif"])))
    assert fetch(any_gatehouse, before).status_code == 404
    assert fetch(any_gatehouse, image_of(ada)).status_code == 200
    assert count_pictures(any_gatehouse) == 1


def test_an_admin_who_changes_the_image_deletes_the_picture(gatehouse):
    admin, ada = make_admin(gatehouse), gatehouse.member(ADA)
    choose(ada, data_url(padded(PNG)))
    address = image_of(ada)
    body = {"userId": user_id_of(gatehouse, ADA), "data": {"image": None}}
    assert admin.post("admin/update-user", body).status_code == 200
    assert fetch(gatehouse, address).status_code == 404


def test_the_same_picture_of_two_users_stays_while_one_has_it(any_gatehouse):
    ada, bob = any_gatehouse.member(ADA), any_gatehouse.member("bob@example.com")
    for each in (ada, bob):
        choose(each, data_url(padded(PNG)))
    address = image_of(ada)
    assert ada.post("delete-user", {"password": PASSWORD}).status_code == 200
    assert fetch(any_gatehouse, address).status_code == 200
    assert bob.post("delete-user", {"password": PASSWORD}).status_code == 200
    assert fetch(any_gatehouse, address).status_code == 404
    assert count_pictures(any_gatehouse) == 0


@pytest.mark.parametrize("digest", ["0" * 64, "A" * 64, "x", "%00", "..%2Fok", "0" * 5000, "é"])
def test_an_unknown_address_is_a_404(gatehouse, digest):
    answer = gatehouse.visitor().get(f"/api/auth/picture/{digest}")
    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")


def test_the_export_holds_the_picture(gatehouse):
    ada, content = gatehouse.member(ADA), padded(PNG)
    choose(ada, data_url(content))
    archive = zipfile.ZipFile(BytesIO(ada.get("/api/account/export").content))
    (exported,) = json.loads(archive.read("pictures.json"))
    assert (exported["mediaType"], b64decode(exported["base64"])) == ("image/png", content)


def test_of_changes_at_once_the_last_has_its_picture_and_none_is_left_over(any_gatehouse):
    ada = any_gatehouse.member(ADA)
    images = [data_url(padded(PNG, 4000 + number)) for number in range(4)]
    changes = [*images, None, "https://img.example/a.png"]
    for _ in changes:
        changes.append(changes.pop(0))  # another one is sent last
        answers = any_gatehouse.gather(
            *(ada.send_async("POST", "update-user", {"image": each}) for each in changes)
        )
        assert {each.status_code for each in answers} == {200}
        ((image,),) = any_gatehouse.rows(select(users.c.image).where(users.c.email == ADA))
        digests = [f"{row.digest}" for row in any_gatehouse.rows(select(pictures.c.digest))]
        has_picture = image is not None and "/picture/" in image
        assert digests == ([image.rsplit("/", 1)[1]] if has_picture else [])
        assert image_of(ada) == image


def test_an_admin_and_the_user_at_once_leave_no_picture_over(any_gatehouse):
    admin, ada = make_admin(any_gatehouse), any_gatehouse.member(ADA)
    removal = {"userId": user_id_of(any_gatehouse, ADA), "data": {"image": None}}
    for number in range(5):
        picture = {"image": data_url(padded(PNG, 4000 + number))}
        answers = any_gatehouse.gather(
            ada.send_async("POST", "update-user", picture),
            admin.send_async("POST", "admin/update-user", removal),
        )
        assert [each.status_code for each in answers] == [200, 200]
        ((image,),) = any_gatehouse.rows(select(users.c.image).where(users.c.email == ADA))
        assert count_pictures(any_gatehouse) == (image is not None)
