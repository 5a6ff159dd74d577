"""Run cosign or notation: the one place where the key's password, or the key itself, reaches a child process."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from shiplane.config.keys.sign import OIDC_TOKEN, SigningSettings, SignTool
from shiplane.core.errors import AccessError, ConfigurationError, PrerequisiteError, VerificationError
from shiplane.core.system.process import ProcessResult, run
from shiplane.signing import notation_files
from shiplane.signing.commands import (
    MINIMUM,
    SigningCommands,
    complaint,
    key_error,
    read_verification,
    signing_error,
    version_of,
)
from shiplane.signing.signature import Signature, SignedDigest

# What cosign signs keyless with: an Actions job's, or a token that was fetched before.
OIDC_VARIABLES = ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", OIDC_TOKEN)
_PASSWORD = "COSIGN_PASSWORD"  # noqa: S105 -- the name of a variable
_PUBLIC_KEY = "key.pub"


@dataclass(frozen=True, kw_only=True)
class SigningTool:
    """Signs and verifies with the configured tool.

    Attributes:
        settings: The project file's ``[sign]``.
        root: The project's root, which paths are relative to.
        env: Of every child, without secrets.
        secrets: The run's whole environment, of which the signing child alone gets the key's part; empty where nothing
            is to be signed.
        login: Gives ``env`` logged in to the registries; asked once, when a registry is needed.
        folder: A private folder for the run.
    """

    settings: SigningSettings
    root: Path
    env: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    login: Callable[[], Mapping[str, str]]
    folder: Path

    @property
    def name(self) -> str:
        """The tool."""
        return self.settings.tool.value

    @property
    def signer(self) -> str:
        """By whom it signs."""
        return self.settings.signer

    def check(self) -> str:
        """See :class:`shiplane.signing.signature.ImageSigner`."""
        version = self.check_version()
        if self.settings.tool is SignTool.NOTATION:
            self._check_notation()
        elif self.settings.is_keyless:
            self._require_identity()
        else:
            self._check_pair()
        return f"{self.name} {version}, {self.settings.signer}"

    def prepare_to_verify(self) -> None:
        """Have everything ready that verifications share, before several of them run side by side.

        Raises:
            PrerequisiteError: The tool is missing, or too old.
            ConfigurationError: There is no public key, or the certificate cannot be read.
        """
        self.check_version()
        self._commands  # noqa: B018 -- made once
        self._logged_in  # noqa: B018

    def check_version(self) -> str:
        """The tool's version.

        Raises:
            PrerequisiteError: It is missing, or too old.
        """
        result = self._run(self._plain.version, self.env)
        version, minimum = version_of(result.stdout + result.stderr), MINIMUM[self.settings.tool]
        if result.code or (version and version < minimum):
            what = f"{self.name} {version} is too old" if version else f"{self.name} cannot be run: {complaint(result)}"
            raise PrerequisiteError(what, remedy=f"Install {self.name} {minimum} or newer.")
        return str(version or "(version unknown)")

    def sign(self, digest: SignedDigest) -> None:
        """See :class:`shiplane.signing.signature.ImageSigner`."""
        result = self._ask(self._commands.sign(digest), {**self._logged_in, **self._key_variables}, digest)
        if result.code:
            raise signing_error(result, digest)

    def verify(self, digest: SignedDigest) -> Signature:
        """See :class:`shiplane.signing.signature.ImageSigner`."""
        return read_verification(self._ask(self._commands.verify(digest), self._logged_in, digest), digest)

    def _ask(self, argv: Sequence[str], env: Mapping[str, str], digest: SignedDigest) -> ProcessResult:
        try:
            return self._run(argv, env)
        except PrerequisiteError as error:  # it did not end in time, since it was there before
            raise VerificationError(f"{digest}: {error.what}", remedy=error.remedy) from error

    def _run(self, argv: Sequence[str], env: Mapping[str, str]) -> ProcessResult:
        return run(argv, env=env, cwd=self.root, timeout=self.settings.timeout)

    @property
    def _plain(self) -> SigningCommands:
        return SigningCommands(settings=self.settings)

    @cached_property
    def _commands(self) -> SigningCommands:
        return SigningCommands(settings=self.settings, public_key=self._public_key)

    @cached_property
    def _logged_in(self) -> dict[str, str]:
        """The environment of a child that asks a registry, without the key."""
        notation = self._notation_home if self.settings.tool is SignTool.NOTATION else {}
        return {**self.login(), **notation}

    @property
    def _key_variables(self) -> dict[str, str]:
        """What the signing child alone gets."""
        if self.settings.tool is SignTool.NOTATION:
            return {}
        if self.settings.is_keyless:
            return {name: self.secrets[name] for name in OIDC_VARIABLES if self.secrets.get(name)}
        names = self.settings.key_variables
        # Without this variable cosign asks for the password, on a terminal that it does not have.
        return {**{name: self._variable(name) for name in names}, _PASSWORD: self._password}

    @property
    def _password(self) -> str:
        return self.secrets.get(self.settings.password_env, "")

    def _variable(self, name: str) -> str:
        if not self.secrets.get(name):
            raise AccessError(
                f"sign: {name}, which holds the signing key, is not set",
                remedy=f"Set {name} to the content of the key.",
            )
        return self.secrets[name]

    def _check_notation(self) -> None:
        """Read what notation is given; nothing is written: commands of the project run before anything is signed."""
        self._read(self.settings.certificate, "certificate")
        if self.settings.key_file:
            self._read(self.settings.key_file, "key")
        for name in self.settings.key_variables:
            self._variable(name)

    def _require_identity(self) -> None:
        if not any(self.secrets.get(name) for name in OIDC_VARIABLES):
            raise AccessError(
                "sign: this environment has no identity to sign with, and no key is configured",
                remedy="In GitHub Actions, give the job id-token: write; elsewhere set SIGSTORE_ID_TOKEN, or key.",
            )

    def _check_pair(self) -> None:
        """Open cosign's key, and refuse a public key that is another one's."""
        derived, configured = self._derived_public_key, self._configured_public_key()
        if configured and configured.split() != derived.split():
            raise ConfigurationError(
                f"sign: {self.settings.verifies_with} is not the public key of {self.settings.key}",
                remedy="Set public-key to the one that belongs to key.",
            )

    @cached_property
    def _public_key(self) -> str:
        """What cosign verifies with: as configured, else derived from the private key for this run."""
        if self.settings.tool is SignTool.NOTATION or self.settings.is_keyless:
            return ""
        configured = self.settings.verifies_with
        if configured and ("://" in configured or (self.root / configured).is_file()):
            return configured
        if not self.secrets:
            raise ConfigurationError(
                f"sign: no public key to verify with{f': {configured} does not exist' if configured else ''}",
                remedy=f"Set public-key; make it with: cosign public-key --key {self.settings.key}",
            )
        path = self.folder / _PUBLIC_KEY
        path.write_text(self._derived_public_key, encoding="utf-8")
        return str(path)

    @cached_property
    def _derived_public_key(self) -> str:
        """The public half of cosign's key.

        Raises:
            ConfigurationError: The key cannot be read.
            AccessError: Its variable is not set, or the password does not open it.
        """
        if self.settings.key_file:
            self._read(self.settings.key_file, "key")
        result = self._run(self._plain.derive_public_key, {**self.env, **self._key_variables})
        if result.code:
            raise key_error(result)
        return result.stdout

    def _configured_public_key(self) -> str:
        """The text of the configured public key; empty where it is in a store, or none is configured."""
        configured = self.settings.verifies_with
        if configured.startswith("env://"):
            return self.env.get(configured.removeprefix("env://"), "")
        if "://" in configured or not (self.settings.public_key or (self.root / configured).is_file()):
            return ""
        return self._read(configured, "public-key")

    @cached_property
    def _notation_home(self) -> dict[str, str]:
        """The variables of a configuration of notation's own for this run."""
        home = self.folder / "config"
        certificate = self._read(self.settings.certificate, "certificate")
        _write(home / notation_files.CERTIFICATE, certificate)
        for name, text in notation_files.files(
            self._notation_key(home), str(home / notation_files.CERTIFICATE)
        ).items():
            _write(home / name, text)
        return {"XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(self.folder / "cache")}

    def _notation_key(self, home: Path) -> str:
        """The path of notation's key, which it takes from a file alone; empty where nothing is signed."""
        if not self.secrets:
            return ""
        for name in self.settings.key_variables:
            _write(home / notation_files.KEY, self._variable(name))
            return str(home / notation_files.KEY)
        self._read(self.settings.key, "key")
        return str((self.root / self.settings.key).absolute())

    def _read(self, path: str, key: str) -> str:
        try:
            return (self.root / path).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            raise ConfigurationError(
                f"sign: {key}: cannot read {path}: {reason}", remedy="Paths are relative to the project's root."
            ) from error


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
