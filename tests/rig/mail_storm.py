"""`python -m tests.rig.mail_storm [--resets 500]`: both ends of the mail die while many leave.

Nothing is hurried: it waits as long as the server makes it, which is up to six minutes, because a
mail that was in the hands of a killed process is tried again after five.
"""

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx

from tests.rig import shared
from tests.rig.processes import wait_until
from tests.rig.smtp import SmtpMail, SmtpServer
from tests.rig.space import Space

PASSWORD = "correct horse battery"
TIMEOUT = 600


def main() -> None:
    """Run the storm and print its results."""
    parser = argparse.ArgumentParser("python -m tests.rig.mail_storm")
    parser.add_argument("--resets", type=int, default=500)
    resets = parser.parse_args().resets
    shared.open_folder()
    try:
        with tempfile.TemporaryDirectory() as folder:
            _run_storm(Path(folder), resets)
    finally:
        shared.close_folder()


def _run_storm(folder: Path, resets: int) -> None:
    people = [f"user{number}@example.com" for number in range(resets)]
    started_at = time.monotonic()
    smtp = SmtpServer(folder).start()
    settings = {"SMTP_URL": smtp.url, "MAIL_FROM": "auth@example.com", "RATE_LIMITS": "off"}
    with Space(folder, settings) as space, _browser(space) as browser:
        for email in people:
            _post(browser, "sign-up/email", {"name": "User", "email": email, "password": PASSWORD})
        wait_until(lambda: len(smtp.received()) == resets, "the mails of the sign-ups", TIMEOUT)
        for number, email in enumerate(people):
            _post(browser, "request-password-reset", {"email": email})
            if number == resets // 3:
                smtp.kill9()
                print(f"SMTP server killed after {len(_reset_mails(smtp))} mails of {number + 1}")
            if number == 2 * resets // 3:
                smtp.start()
                print("SMTP server back")
        space.kill9()
        print(f"process killed (-9) after {len(_reset_mails(smtp))} mails")
        space.start()
        everyone = set(people)
        wait_until(
            lambda: {mail.recipients[0] for mail in _reset_mails(smtp)} >= everyone,
            "a mail for everyone",
            TIMEOUT,
        )
        smtp.kill9()
    _print_report(_reset_mails(smtp), resets, time.monotonic() - started_at)


def _print_report(received: list[SmtpMail], resets: int, seconds: float) -> None:
    ids_of: dict[str, set[str]] = {}
    for mail in received:
        ids_of.setdefault(mail.recipients[0], set()).add(mail.message_id)
    repeated = Counter(mail.message_id for mail in received)
    print(f"requested {resets}, {len(ids_of)} people got theirs, in {seconds:.0f} s")
    print(f"lost: {resets - len(ids_of)}")
    print(f"repeated: {sum(count - 1 for count in repeated.values())}")
    print(f"with another Message-ID: {sum(len(ids) - 1 for ids in ids_of.values())}")


def _reset_mails(smtp: SmtpServer) -> list[SmtpMail]:
    return [mail for mail in smtp.received() if "password" in str(mail.message["Subject"])]


def _browser(space: Space) -> httpx.Client:
    return httpx.Client(base_url=space.url, headers={"origin": space.url}, trust_env=False)


def _post(browser: httpx.Client, path: str, body: dict[str, str]) -> None:
    browser.post(f"/api/auth/{path}", json=body).raise_for_status()


if __name__ == "__main__":
    main()
