"""``sign`` of the project file: with which tool and which key images are signed before they are tagged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Annotated, ClassVar

from shiplane.config.keys.texts import LINE, SECONDS, VARIABLE_FORM
from shiplane.core.schema.location import Location
from shiplane.core.schema.tables import Key, OneOf, Table, keys_of
from shiplane.core.schema.values import Boolean, Choice, Text
from shiplane.core.text import INVISIBLE

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
# What cosign signs keyless with where it was fetched before: whoever has it signs as the project.
OIDC_TOKEN = "SIGSTORE_ID_TOKEN"  # noqa: S105 -- the name of a variable
_VARIABLE = "env://"
# What each tool is given; cosign's are its KMS providers and a secret of Kubernetes (`cosign sign --help`).
_STORES = "awskms|azurekms|gcpkms|hashivault|k8s"
_FILE = rf"(?!-)(?![\s\S]*://)[^{INVISIBLE}]+"
_FILE_OR_VARIABLE = rf"env://{VARIABLE_FORM}|{_FILE}"
_PROBLEM = "is not a key"
_LOCAL_KEY = Text(pattern=_FILE_OR_VARIABLE, problem=_PROBLEM, remedy="Expected a file, or env://NAME.")
_ANY_KEY = Text(
    pattern=rf"(?:{_STORES})://[!-~]+|{_FILE_OR_VARIABLE}",
    problem=_PROBLEM,
    remedy=f"Expected a file, env://NAME, or a URI of {_STORES.replace('|', ', ')}.",
)
_CERTIFICATE = Text(pattern=_FILE, problem="is not a file")
_VARIABLE_NAME = Text(pattern=VARIABLE_FORM, problem="is not the name of an environment variable")


class SignTool(Enum):
    """What signs."""

    COSIGN = "cosign"
    NOTATION = "notation"


@dataclass(frozen=True, kw_only=True)
class SigningSettings:
    """How images are signed before they are tagged.

    Attributes:
        key: A file, ``env://NAME``, or the URI of a key store; empty for cosign's keyless signing.
        public_key: What verifies cosign's signatures; empty where it follows from the key.
        certificate: What notation signs with and trusts.
        password_env: The variable that holds the password of cosign's key.
        identity: Who signs without a key: a regular expression for all of it.
        issuer: Who vouches for that.
        log: Whether signatures are recorded in sigstore's public transparency log.
        required: Whether ``verify`` faults what is not signed.
        timeout: Seconds for each call of the tool.
    """

    tool: Annotated[SignTool, Key("The tool that signs and verifies.", Choice(()), required=True)]
    key: Annotated[
        str,
        Key(
            "The private key: a file, relative to the project's root; env://NAME, which holds the key itself; or for "
            "cosign the URI of a key store, e.g. awskms:///alias/release. Without one, cosign signs keyless, with the "
            "identity of the environment (GitHub Actions).",
            _ANY_KEY,
        ),
    ] = ""
    public_key: Annotated[
        str,
        Key(
            "The public key: a file, env://NAME or the URI of a key store. Default: the key's own where that is in a "
            "store; x.pub beside the file x.key.",
            _ANY_KEY,
        ),
    ] = ""
    certificate: Annotated[
        str, Key("File of the signing certificate, with its chain; signatures are trusted by it.", _CERTIFICATE)
    ] = ""
    password_env: Annotated[
        str,
        Key("Name of the variable that holds the key's password; only the tool gets it.", _VARIABLE_NAME),
    ] = "COSIGN_PASSWORD"  # noqa: S105 -- the name of a variable
    identity: Annotated[
        str,
        Key(
            "Whose keyless signatures are accepted: a regular expression that matches the whole identity, e.g. "
            r"https://github\.com/acme/app/\.github/workflows/release-lane\.yml@refs/tags/.*.",
            LINE,
        ),
    ] = ""
    issuer: Annotated[str, Key("The OIDC issuer that vouches for that identity.", LINE, needs="identity")] = (
        GITHUB_ISSUER
    )
    log: Annotated[
        bool | None,
        Key(
            "Whether signatures are recorded in sigstore's transparency log, which is public and permanent. Default: "
            "true for keyless signatures, which require it; false with a key, which verifies without it, so that a "
            "private image stays private.",
            Boolean(),
            "transparency-log",
        ),
    ] = None
    required: Annotated[
        bool,
        Key("Whether verify fails for a version without a valid signature, as with --signed.", Boolean()),
    ] = False
    timeout: Annotated[float, Key("Timeout of each call of the tool in seconds.", SECONDS, "timeout-seconds")] = 120.0

    keyless_name: ClassVar[str] = "keyless"

    @property
    def is_keyless(self) -> bool:
        """Whether there is no key."""
        return not self.key

    @property
    def uses_log(self) -> bool:
        """Whether signatures are in the transparency log."""
        return self.is_keyless if self.log is None else self.log

    @property
    def verifies_with(self) -> str:
        """The public key, as cosign takes it; empty where only the private key could tell."""
        if self.public_key or _is_in_store(self.key):
            return self.public_key or self.key
        return f"{self.key.removesuffix('.key')}.pub" if _is_file(self.key) and self.key.endswith(".key") else ""

    @property
    def secret_variables(self) -> tuple[str, ...]:
        """The variables that hold the key or its password."""
        password = (self.password_env,) if self.key and self.tool is SignTool.COSIGN else ()
        return (*self.key_variables, *password)

    @property
    def withheld_variables(self) -> tuple[str, ...]:
        """What only the tool may have: the key, its password, or the token that keyless signing proves itself with."""
        return (*self.secret_variables, *((OIDC_TOKEN,) if self.is_keyless else ()))

    @property
    def key_variables(self) -> tuple[str, ...]:
        """The variable that holds the private key, if one does."""
        return (self.key.removeprefix(_VARIABLE),) if self.key.startswith(_VARIABLE) else ()

    @property
    def key_file(self) -> str:
        """The file of the private key, if it is one."""
        return self.key if _is_file(self.key) else ""

    @property
    def signer(self) -> str:
        """By whom images are signed, for display: the key or the identity, never a secret."""
        if self.tool is SignTool.NOTATION:
            return self.certificate
        return self.verifies_with or self.key or self.identity

    def __str__(self) -> str:
        how = f"with key {self.key}" if self.key else f"{self.keyless_name}, as {self.identity}"
        log = ", recorded in the public transparency log" if self.uses_log else ""
        return f"{self.tool.value} {how}{log}"


def _is_file(key: str) -> bool:
    return bool(key) and "://" not in key


def _is_in_store(key: str) -> bool:
    return "://" in key and not key.startswith(_VARIABLE)


def _table(tool: SignTool, names: tuple[str, ...], **changed: Key) -> Table:
    def keys() -> dict[str, Key]:
        declared = keys_of(SigningSettings)
        chosen = replace(declared["tool"], value=Choice(((tool.value, tool),)))
        return {"tool": chosen, **{name: changed.get(name, declared[name]) for name in names}}

    return Table(f"sign-{tool.value}", f"Signing with {tool.value}.", SigningSettings, keys)


_COMMON = ("required", "timeout")
_NOTATION_KEY = Key(
    "The private key: a file, relative to the project's root, or env://NAME, which holds the key itself.",
    _LOCAL_KEY,
    "key",
    required=True,
)
SIGN = OneOf(
    {
        "cosign": _table(SignTool.COSIGN, ("key", "public_key", "password_env", "identity", "issuer", "log", *_COMMON)),
        "notation": _table(
            SignTool.NOTATION,
            ("key", "certificate", *_COMMON),
            key=_NOTATION_KEY,
            certificate=Key(
                "File of the signing certificate, with its chain; signatures are trusted by it.",
                _CERTIFICATE,
                "certificate",
                required=True,
            ),
        ),
    },
    tag="tool",
)


def check_signing(settings: SigningSettings | None, location: Location) -> None:
    """Refuse settings that contradict each other.

    Raises:
        ConfigurationError: A key and an identity; neither; or a keyless signature that is in no log.
    """
    if settings is None or settings.tool is SignTool.NOTATION:
        return
    if settings.key and settings.identity:
        raise location.error("has both key and identity", remedy="Remove identity, or remove key to sign keyless.")
    if not settings.key and not settings.identity:
        raise location.error(
            "has neither key nor identity",
            remedy="Set key, or set identity to accept the keyless signatures of that identity.",
        )
    if settings.is_keyless and settings.log is False:
        raise location.key("transparency-log").error(
            "is false without a key",
            remedy="Keyless signatures can only be verified with the log: set key, or set it to true.",
        )
