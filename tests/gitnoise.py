"""Settings of git that change what it writes or overlooks, as people and CI systems have them."""

from __future__ import annotations

NOISE: dict[str, str] = {
    "log__showSignature": "true",
    "column__ui": "always",
    "color__ui": "always",
    "core__quotePath": "true",
    "core__abbrev": "4",
    "core__pager": "false",
    "diff__noprefix": "true",
    "diff__external": "false",
    "diff__orderFile": "/nowhere",
    "diff__renames": "copies",
    "tag__sort": "-version:refname",
    "alias__for-each-ref": "!false",
    "alias__status": "!false",
    "format__pretty": "fuller",
    "log__date": "relative",
    "i18n__logOutputEncoding": "UTF-16",
    "core__commentChar": "d",
    "advice__detachedHead": "false",
    "submodule__recurse": "true",
    "core__hooksPath": "/nowhere",
    "core__sparseCheckout": "true",
    "core__fsmonitor": "false",
    "core__attributesFile": "/dev/stdin",
    "status__short": "true",
    "core__eol": "crlf",
    "core__excludesFile": "/nowhere",
}


def configured(**settings: str) -> dict[str, str]:
    """Settings as CI systems hand them over: they go before any file."""
    numbered = enumerate(settings.items())
    pairs = {
        f"GIT_CONFIG_{kind}_{number}": text
        for number, (name, value) in numbered
        for kind, text in (("KEY", name.replace("__", ".")), ("VALUE", value))
    }
    return {"GIT_CONFIG_COUNT": str(len(settings)), **pairs}
