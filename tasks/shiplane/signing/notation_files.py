"""notation's configuration for one run: the key, the trusted certificate, and the policy that binds them. Pure.

notation takes a key by its name in ``signingkeys.json`` alone, and trusts what ``trustpolicy.json`` names for a
repository (notaryproject.dev, "Trust store and trust policy specification"). Its own folder for each run leaves the
user's keys and policies alone, and needs none of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

_NAME = "shiplane"
CERTIFICATE = f"notation/truststore/x509/ca/{_NAME}/certificate.pem"
KEY = "notation/key.pem"
_KEYS = "notation/signingkeys.json"
_POLICY = "notation/trustpolicy.json"


def files(key: str, certificate: str) -> Mapping[str, str]:
    """The text of each file below ``XDG_CONFIG_HOME``.

    Args:
        key: The absolute path of the private key; empty where nothing is signed.
        certificate: The absolute path of the certificate chain.
    """
    keys = [{"name": _NAME, "keyPath": key, "certPath": certificate}] if key else []
    policy = {
        "name": _NAME,
        "registryScopes": ["*"],
        "signatureVerification": {"level": "strict"},
        "trustStores": [f"ca:{_NAME}"],
        "trustedIdentities": ["*"],
    }
    return {
        _KEYS: json.dumps({**({"default": _NAME} if keys else {}), "keys": keys}),
        _POLICY: json.dumps({"version": "1.0", "trustPolicies": [policy]}),
    }
