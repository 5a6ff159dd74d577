"""cosign and notation as their users run them, with keys of a test's own: they know nothing of shiplane."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.e2e.person import Person, Reader
from tests.rig.sample import commit, git

PASSWORD = "pw_s1gn1ng_c4n4ry"
# Nothing of a test speaks to sigstore's servers: whoever tries finds a proxy that does not answer.
NOWHERE = {"HTTPS_PROXY": "http://127.0.0.1:1"}


@dataclass
class Signer:
    """A tool, with a key pair in a folder.

    Attributes:
        tool: ``cosign`` or ``notation``.
        folder: Where its key is.
        env: Of its commands.
    """

    tool: str
    folder: Path
    env: dict[str, str]
    settings: str = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.env = {**self.env, **NOWHERE, "COSIGN_PASSWORD": PASSWORD}
        if self.tool == "cosign":
            self._run("cosign", "generate-key-pair")
            self.settings = f'[sign]\ntool = "cosign"\nkey = "{self.folder}/cosign.key"\n'
        else:
            _certified_key(self.folder)
            self._trust()
            self.settings = (
                f'[sign]\ntool = "notation"\nkey = "{self.folder}/n.key"\ncertificate = "{self.folder}/n.crt"\n'
            )

    def accepts(self, image: str, digest: str) -> bool:
        """Whether the tool verifies a digest's signature with this key."""
        if self.tool == "cosign":
            flags = ["--key", "cosign.pub", "--insecure-ignore-tlog=true"]
        else:
            flags = ["--insecure-registry"]
        argv = [self.tool, "verify", *flags, f"{image}@{digest}"]
        return subprocess.run(argv, env=self.env, cwd=self.folder, capture_output=True, check=False).returncode == 0

    def _trust(self) -> None:
        """notation's trust store and policy, as its documentation says that they are set up."""
        self.env |= {"XDG_CONFIG_HOME": str(self.folder / "config"), "XDG_CACHE_HOME": str(self.folder / "cache")}
        self._run("notation", "cert", "add", "--type", "ca", "--store", "release", "n.crt")
        policy = {
            "name": "release",
            "registryScopes": ["*"],
            "signatureVerification": {"level": "strict"},
            "trustStores": ["ca:release"],
            "trustedIdentities": ["*"],
        }
        (self.folder / "policy.json").write_text(json.dumps({"version": "1.0", "trustPolicies": [policy]}))
        self._run("notation", "policy", "import", "policy.json")

    def _run(self, *argv: str) -> None:
        done = subprocess.run(argv, env=self.env, cwd=self.folder, capture_output=True, check=False, encoding="utf-8")
        assert done.returncode == 0, done.stderr


def _certified_key(folder: Path) -> None:
    """A key and a certificate that notation signs with: its own authority, for signing code."""
    key = ec.generate_private_key(ec.SECP256R1())
    parts = ((NameOID.COUNTRY_NAME, "US"), (NameOID.STATE_OR_PROVINCE_NAME, "WA"), (NameOID.ORGANIZATION_NAME, "acme"))
    name = x509.Name([x509.NameAttribute(*part) for part in (*parts, (NameOID.COMMON_NAME, "release"))])
    now = dt.datetime.now(dt.timezone.utc)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=300))
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "n.key").write_bytes(pem)
    (folder / "n.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def configure(person: Person, text: str) -> None:
    """Put settings into the project file, and commit it."""
    path = person.checkout / "shiplane.toml"
    git(person.checkout, "checkout", "--quiet", "--force", "HEAD")
    path.write_text(f"{path.read_text().partition('[sign]')[0]}\n{text}")
    git(person.checkout, "add", "--all")
    commit(person.checkout, "signing")


def signer_of(reader: Reader, tool: str, folder: Path, path: str) -> Signer:
    """Somebody with a key of their own, who reads with a reader's login and finds the tools on a path."""
    reader.tags()  # which logs in
    login = str(reader.rig.folder / f"reader-{reader.account}")
    return Signer(tool, folder, {**reader.rig.environ(), "PATH": path, "DOCKER_CONFIG": login})


def parts_of(reader: Reader, tag: str) -> list[str]:
    """The digests of an image: the whole, and each platform's."""
    entries = json.loads(reader.raw(tag))["manifests"]
    return [reader.digest(tag), *(each["digest"] for each in entries if each["platform"]["os"] != "unknown")]
