"""What `python -m doctor` takes, and what it refuses in one line."""

import io

import pytest

from doctor.command_line import PASSWORD_VARIABLE, UsageError, parse_options

URL = "https://auth.example.com"
CANARY = "canary-in-a-password-9"


def refused(*arguments, environment=None):
    with pytest.raises(UsageError) as raised:
        parse_options(arguments, environment or {})
    message = str(raised.value)
    assert "\n" not in message
    return message


def ordered(*arguments, environment=None, ask=None):
    return parse_options([URL, *arguments], environment or {}, ask or pytest.fail)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: URL"),
        (["ftp://auth.example.com"], "is not a server's URL"),
        (["https://"], "is not a server's URL"),
        (["http://[1"], "is not a server's URL"),
        (["http://exa mple.com"], "is not a server's URL"),
        (["https://auth.example.com:70000"], "has no valid port"),
        ([URL, "--frontend", "mailto:ada"], "has no valid port"),
        ([URL, "--only", "hedders"], "no check 'hedders'"),
        ([URL, "--protected", "api/mine"], "begins with /"),
        ([URL, "--ca-file", "/nowhere/ca.pem"], "--ca-file /nowhere/ca.pem"),
        ([URL, "--junit", "/nowhere/junit.xml"], "--junit /nowhere/junit.xml"),
        ([URL, "--password", CANARY], "needs --email"),
        ([URL, "--backup-code", CANARY], "needs --email"),
        ([URL, "--email", "e@example.com", "--password-file", "/nowhere"], "No such file"),
        ([URL, "--loud"], "unrecognized arguments: --loud"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(arguments, message):
    assert message in refused(*arguments)


def test_a_password_in_the_address_is_refused_and_not_repeated():
    message = refused(f"https://ada:{CANARY}@auth.example.com")
    assert CANARY not in message
    assert "--email" in message


def test_addresses_are_taken_as_people_paste_them():
    deployment = parse_options(
        ["Auth.example.com/admin/", "--frontend", "http://localhost:3000/"], {}
    )
    assert deployment.deployment.url == "https://auth.example.com"
    assert deployment.deployment.frontend == "http://localhost:3000"


def test_without_an_address_of_an_admin_there_is_none():
    assert ordered(environment={PASSWORD_VARIABLE: CANARY}).deployment.admin is None


def test_the_password_comes_from_a_file(tmp_path):
    (tmp_path / "password").write_text(f"{CANARY}\n")
    options = ordered("--email", "e@example.com", "--password-file", str(tmp_path / "password"))
    assert options.deployment.admin.password.reveal() == CANARY


def test_the_password_comes_from_stdin(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{CANARY}\nmore"))
    options = ordered("--email", "e@example.com", "--password-file", "-")
    assert options.deployment.admin.password.reveal() == CANARY


def test_the_password_comes_from_the_environment():
    options = ordered("--email", "e@example.com", environment={PASSWORD_VARIABLE: CANARY})
    assert options.deployment.admin.password.reveal() == CANARY


def test_the_password_is_asked_for_on_a_terminal(monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", terminal)
    options = ordered("--email", "e@example.com", ask=lambda _: CANARY)
    assert options.deployment.admin.password.reveal() == CANARY


def test_without_a_terminal_it_is_not_asked_for(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert PASSWORD_VARIABLE in refused(URL, "--email", "e@example.com")


def test_an_empty_password_is_refused(tmp_path):
    (tmp_path / "password").write_text("\n")
    file = str(tmp_path / "password")
    assert "empty" in refused(URL, "--email", "e@example.com", "--password-file", file)


def test_a_password_on_the_command_line_is_taken_with_a_warning(capsys):
    options = ordered("--email", "e@example.com", "--password", CANARY)
    message = capsys.readouterr().err
    assert options.deployment.admin.password.reveal() == CANARY
    assert "other users of this machine can read" in message
    assert CANARY not in message + repr(options)


def test_own_paths_and_a_part_of_the_checks_may_be_named():
    options = ordered(
        "--protected", "/api/a", "--protected", "/api/b?c=1", "--only", "headers.csp,"
    )
    assert options.deployment.protected == ("/api/a", "/api/b?c=1")
    assert options.checks[-1].name == "headers.csp"
