"""A server started in an environment that other programs have filled."""

import json

from tests.rig.space import Space

BROKEN = {"ALL_PROXY": "socks5://127.0.0.1:1", "NO_PROXY": "[::1", "SSL_CERT_FILE": "/nonexistent"}
OTHERS = {"PGHOSTADDR": "192.0.2.1", "PGOPTIONS": "-c nonsense=1", "PGSERVICE": "none"}
MAIL = {"MAIL_API_URL": "http://127.0.0.1:1/", "MAIL_FROM": "auth@example.com"}


def test_it_starts_and_names_what_it_cannot_use(tmp_path, postgres_url):
    environment = {**BROKEN, **OTHERS, **MAIL, "DATABASE_URL": postgres_url, "LOG_FORMAT": "json"}
    with Space(tmp_path, environment) as space:
        lines = [json.loads(line) for line in space.log.splitlines() if line.startswith("{")]
    ignored = [line["name"] for line in lines if line["event"] == "variable_ignored"]
    assert sorted(ignored) == sorted(BROKEN)
