"""The API's own documentation: it is true, and only those who may read it can."""

import re

import httpx
import pytest

from tests.rig.space import Space

ADMIN = {"ADMIN_EMAIL": "owner@example.com", "ADMIN_PASSWORD": "correct horse battery"}


@pytest.fixture(scope="module")
def private_docs_space(tmp_path_factory):
    """A Space that keeps its documentation to its admins."""
    folder = tmp_path_factory.mktemp("secretive")
    with Space(folder, {"DOCS": "off", "RATE_LIMITS": "off", **ADMIN}) as running:
        yield running


@pytest.fixture(scope="module")
def document(space):
    """The OpenAPI document, as a stranger gets it in development."""
    return httpx.get(f"{space.url}/openapi.json").json()


def list_operations(document):
    """Every operation, as its name (`GET /health`) and its description."""
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_endpoint_is_described_in_words_and_belongs_to_a_group(document):
    groups = {tag["name"] for tag in document["tags"]}
    for name, operation in list_operations(document):
        assert operation["summary"], name
        assert not operation.get("description", "").startswith(operation["summary"]), name
        assert set(operation["tags"]) <= groups, name


def test_every_good_answer_has_a_schema_and_every_refusal_the_same_one(document):
    for name, operation in list_operations(document):
        for status, response in operation["responses"].items():
            if status == "302":
                assert "location" in response["headers"]
                continue
            if "empty body" in response["description"] and "content" not in response:
                continue
            (content,) = response["content"].values()
            schema = content["schema"]
            assert schema, f"{name} {status}"
            if status[0] != "2" and name != "GET /ready":
                assert schema == {"$ref": "#/components/schemas/Problem"}, f"{name} {status}"


def test_a_body_comes_with_an_example_that_holds_what_is_required(document):
    for name, operation in list_operations(document):
        if "requestBody" not in operation:
            continue
        reference = next(iter(_schemas(operation["requestBody"]["content"]["application/json"])))
        model = document["components"]["schemas"][reference]
        examples = model.get("examples") or [
            {key: field["examples"][0] for key, field in model.get("properties", {}).items()}
        ]
        assert set(model.get("required", [])) <= set(examples[0]), name


def _schemas(content):
    return re.findall(r"schemas/(\w+)", str(content))


def test_protected_endpoints_take_the_cookie_or_the_bearer_token(document):
    operation = document["paths"]["/api/me"]["get"]
    assert operation["security"] == [{"cookie": []}, {"bearer": []}]
    schemes = document["components"]["securitySchemes"]
    assert schemes["cookie"]["name"] == "better-auth.session_token"
    assert schemes["bearer"]["scheme"] == "bearer"


def test_what_needs_a_session_says_so_with_a_401(document):
    needs = [
        operation
        for _, operation in list_operations(document)
        if {} not in operation.get("security", [{}])
    ]
    assert len(needs) > 5
    assert [each["operationId"] for each in needs if "401" not in each["responses"]] == []


def test_each_refusal_is_shown_by_its_code(document):
    sign_up = document["paths"]["/api/auth/sign-up/email"]["post"]["responses"]
    examples = sign_up["422"]["content"]["application/json"]["examples"]
    assert examples["USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"]["value"] == {
        "message": "User already exists. Use another email.",
        "code": "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
    }
    assert set(sign_up["429"]["headers"]) == {"retry-after", "x-retry-after"}


def test_a_refusal_is_shown_with_the_status_it_has_at_this_endpoint(document):
    verify = document["paths"]["/api/auth/verify-email"]["get"]["responses"]
    assert "INVALID_TOKEN" in verify["401"]["content"]["application/json"]["examples"]
    delete = document["paths"]["/api/auth/delete-user"]["post"]["responses"]
    assert "INVALID_TOKEN" in delete["404"]["content"]["application/json"]["examples"]


def test_an_answer_without_json_is_shown_as_what_it_is(document):
    export = document["paths"]["/api/account/export"]["get"]["responses"]["200"]
    assert list(export["content"]) == ["application/zip"]
    stranger = document["paths"]["/api/auth/admin/list-users"]["get"]["responses"]["401"]
    assert stranger == {"description": "an empty body"}
    opened = document["paths"]["/api/auth/reset-password/{token}"]["get"]["responses"]["302"]
    assert "content" not in opened


def test_the_page_lets_no_script_in_but_its_own(space):
    first, second = (httpx.get(f"{space.url}/docs") for _ in range(2))
    policies = (parse_policy(first), parse_policy(second))
    nonces = [re.search(r"script-src 'nonce-(\w+)';", policy)[1] for policy in policies]
    assert nonces[0] != nonces[1]
    assert "unsafe" not in parse_policy(first)
    scripts = re.findall(r"<script[^>]*>", first.text)
    assert scripts
    assert all(f'nonce="{nonces[0]}"' in script for script in scripts)


def parse_policy(answer):
    return answer.headers["content-security-policy"]


def test_the_files_of_the_page_are_ours_and_may_be_kept_for_ever(space):
    page = httpx.get(f"{space.url}/docs").text
    files = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert all(file.startswith(("/docs/assets/", "/openapi.json")) for file in files)
    assets = [each for each in files if "/assets/" in each]
    assert {file.rpartition(".")[2] for file in assets} >= {"css", "js"}
    for file in assets:
        answer = httpx.get(f"{space.url}{file}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_a_file_arrives_the_same_compressed_or_not(space):
    page = httpx.get(f"{space.url}/docs").text
    file = space.url + re.search(r'href="([^"]+\.css)"', page)[1]
    zipped = httpx.get(file, headers={"accept-encoding": "gzip"})
    plain = httpx.get(file, headers={"accept-encoding": "identity"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert zipped.content == plain.content


def test_an_unknown_file_of_the_page_is_not_there(space):
    assert httpx.get(f"{space.url}/docs/assets/..%2f..%2fmain.py").status_code == 404
    assert httpx.get(f"{space.url}/docs/assets/other.js").status_code == 404


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_with_docs_off_they_are_not_there_for_a_stranger_or_a_user(private_docs_space, path):
    assert httpx.get(private_docs_space.url + path).status_code == 404
    ada = {"name": "Ada", "email": f"ada{len(path)}@example.com", "password": "correct horse 42"}
    with httpx.Client(base_url=private_docs_space.url) as browser:
        signed_up = browser.post("/api/auth/sign-up/email", json=ada)
        assert signed_up.status_code == 200
        assert browser.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_with_docs_off_they_are_there_for_an_admin(private_docs_space, path):
    owner = {"email": ADMIN["ADMIN_EMAIL"], "password": ADMIN["ADMIN_PASSWORD"]}
    with httpx.Client(base_url=private_docs_space.url) as browser:
        assert browser.post("/api/auth/sign-in/email", json=owner).status_code == 200
        assert browser.get(path).status_code == 200


def test_a_browser_shows_the_page_without_a_complaint_and_can_try_it(space, browser):
    complaints, foreign = [], []
    with browser.new_context(extra_http_headers={"x-forwarded-for": "10.78.0.1"}) as profile:
        page = profile.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: foreign.append(request.url))
        page.goto(f"{space.url}/docs")
        assert try_operation(page, "accounts-sign_up_email") == "200"
        assert try_operation(page, "service-me") == "200"
    assert complaints == []
    assert [url for url in foreign if not url.startswith((space.url, "data:"))] == []


def try_operation(page, operation):
    """Open an operation, send its example, and return the status it got."""
    box = page.locator(f"#operations-{operation}")
    box.locator(".opblock-summary-control").click()
    box.locator("button.execute").click()
    return box.locator(".live-responses-table .response .response-col_status").inner_text().strip()
