"""A certificate authority of a test's own, for https that clients can be made to trust."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)


class Authority:
    """Signs certificates; clients that load `ca_file` trust them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _build_name("A test's own authority")
        signed = (
            self._certificate(self._name, self._key.public_key(), 30 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.ca_file = folder / "authority.pem"
        """What a client must trust."""
        self.ca_file.write_bytes(signed.public_bytes(Encoding.PEM))

    def tls(self, host: str = "localhost", ends: timedelta = 2 * _DAY) -> ssl.SSLContext:
        """A server's side of https for this name; with `ends` below zero it has run out."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate(host, ends))
        return context

    def client_tls(self) -> ssl.SSLContext:
        """A client's side of https, which trusts this authority alone."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def certificate(self, host: str, ends: timedelta = 2 * _DAY) -> Path:
        """A file with a key and a certificate for this name."""
        key = ec.generate_private_key(ec.SECP256R1())
        signed = (
            self._certificate(_build_name(host), key.public_key(), ends)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        file = self._folder / f"{signed.serial_number}.pem"
        file.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + signed.public_bytes(Encoding.PEM)
        )
        return file

    def _certificate(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, ends: timedelta
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 10 * _DAY)
            .not_valid_after(now + ends)
        )


def _build_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
