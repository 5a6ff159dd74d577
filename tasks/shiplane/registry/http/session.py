"""Authorized requests with retries, used by every call to a registry.

Credentials go to their own registry and its token service only. A token is requested when the registry demands one,
renewed once when it expires, and redacted from all output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from shiplane.core import strict_json
from shiplane.core.credential import Credential
from shiplane.core.errors import AccessError, ShiplaneError, UnreachableError
from shiplane.core.redact import Redactor
from shiplane.core.text import one_line
from shiplane.registry.http.denials import DenialCause, anonymous_cause, cause_of
from shiplane.registry.http.error_response import error_messages
from shiplane.registry.http.exchange import ERROR_LIMIT, Request, Response, Transport
from shiplane.registry.http.retry import RetryPolicy, is_throttled
from shiplane.registry.http.retry_budget import RetryBudget
from shiplane.registry.http.tokens import PUSH, Challenge, TokenCache, realm_problem
from shiplane.registry.oci.names import Repository

# The largest manifest that registries take (distribution-spec: "at least 4 megabytes"; distribution and zot: 4 MiB).
MANIFEST_LIMIT = 4 * 1024 * 1024
TOKEN_LIMIT = 128 * 1024


@dataclass
class Session:
    """The requests of one run to registries, with one credential or anonymous.

    Attributes:
        credential: None for anonymous access. Never sent to another registry.
        redact: Learns every token; applied to all foreign text.
        token_hosts: The configured token service host of each registry.
        joining: Registries that are said to take several tags by one request.
        until: When every request must end, on the retry budget's clock.
        variables: Names a registry's login variables, for pushing or only reading, in messages.
        fallback: Finds the credential to use once anonymous access is refused.
        only_reads: Whether it is for reading, and so with as little credential as that takes.
    """

    transport: Transport
    credential: Credential | None = None
    retry_budget: RetryBudget = field(default_factory=RetryBudget)
    redact: Redactor = field(default_factory=Redactor)
    tokens: TokenCache = field(default_factory=TokenCache)
    token_hosts: Mapping[str, str] = field(default_factory=dict)
    joining: frozenset[str] = frozenset()
    until: float | None = None
    fallback: Callable[[], Credential | None] | None = None
    only_reads: bool = False
    variables: Callable[[str, bool], str] = lambda _registry, _pushes: ""
    _denials: dict[tuple[Repository, str], AccessError] = field(default_factory=dict, repr=False)

    def send(
        self,
        repository: Repository,
        request: Request,
        actions: str,
        *,
        limit: int = MANIFEST_LIMIT,
        retry: bool = True,
    ) -> Response:
        """Send a request; if anonymous access is refused, switch to the fallback credential."""
        credential = self.credential
        try:
            return self._send(repository, request, actions, limit=limit, retry=retry)
        except AccessError as error:
            if error is self._denials.get((repository, actions)) or not self._switch_to_fallback(credential):
                raise
            return self._send(repository, request, actions, limit=limit, retry=retry)

    def _switch_to_fallback(self, rejected: Credential | None) -> bool:
        """Whether the credential changed since a rejected request; a helper is asked once, by one thread.

        Raises:
            AccessError: The fallback credential cannot be read.
        """
        with self.tokens.lock:
            if self.credential is rejected and self.fallback is not None:
                credential, self.fallback = self.fallback(), None
                if credential is not None:
                    self.credential = credential
                    self.tokens.forget_all()
            return self.credential is not rejected

    def _send(self, repository: Repository, request: Request, actions: str, *, limit: int, retry: bool) -> Response:
        """Send once; on a challenge authorize and send once more."""
        for last in (False, True):
            value = self._authorization(repository, actions)
            headers = {**request.headers, **({"Authorization": value} if value else {})}
            authorized = replace(request, headers=headers)
            response = (
                self.send_with_retries(authorized, limit=limit)
                if retry
                else self._retry_policy.send_once(authorized, limit=limit)
            )
            if response.status == 401 and not last:  # noqa: PLR2004
                self.tokens.forget(repository, actions, value)
                self.tokens.learn(repository.registry, Challenge.parse(response.headers.get("www-authenticate", "")))
                continue
            if response.status in (401, 403) and not is_throttled(response):
                raise self._denied(repository, actions, response)
            return response
        raise AssertionError("unreachable: the second round returns or raises")

    def authorize(self, repository: Repository, actions: str, *, entrance: str) -> bool:
        """Get authorization for a repository in advance; False if the registry needs none.

        ``entrance`` is the URL that provokes a challenge: ``.../v2/``.

        Raises:
            AccessError: The credential was rejected.
            UnreachableError: No response.
        """
        if self.tokens.challenge(repository.registry) is None:
            response = self.send_with_retries(Request(method="GET", url=entrance), limit=MANIFEST_LIMIT)
            if response.status == 401:  # noqa: PLR2004
                self.tokens.learn(repository.registry, Challenge.parse(response.headers.get("www-authenticate", "")))
        return bool(self._authorization(repository, actions))

    def authorize_ahead(self, repository: Repository, actions: str) -> None:
        """Get a token that will be needed, if it is known how; errors are left to the request that needs it."""
        with suppress(ShiplaneError):
            self._authorization(repository, actions)

    def _authorization(self, repository: Repository, actions: str) -> str:
        """The ``Authorization`` value: a token, Basic, or empty before any challenge."""
        if (cached := self.tokens.get(repository, actions)) is not None:
            return cached
        before = self._denials.get((repository, actions))
        # Locked, so that parallel readers share one token request; who has a token waits for nobody's.
        with self.tokens.lock:
            cached = self.tokens.get(repository, actions)
            challenge = self.tokens.challenge(repository.registry)
            if cached is not None or challenge is None:
                return cached or ""
            denial = self._denials.get((repository, actions))
            if denial is not None and denial is not before:
                # This thread waited for the one that was denied: one refusal is enough for all of them.
                raise denial
            value = self._basic(repository) if challenge.scheme == "basic" else ""
            if challenge.scheme == "bearer":
                value = "Bearer " + self._token(repository, actions, challenge)
            self.tokens.put(repository, actions, value)
            return value

    def _token(self, repository: Repository, actions: str, challenge: Challenge) -> str:
        """A new token; if there is none for anonymous access, one for the fallback credential.

        The lock is held, so that threads that start together are not refused one after the other.
        """
        credential = self.credential
        try:
            return self._fetch_token(repository, actions, challenge)
        except AccessError as error:
            if not self._switch_to_fallback(credential):
                self._denials[repository, actions] = error
                raise
        try:
            return self._fetch_token(repository, actions, challenge)
        except AccessError as error:
            self._denials[repository, actions] = error
            raise

    def _basic(self, repository: Repository) -> str:
        """The credential as a Basic value, for its own registry only."""
        if self.credential is None or self.credential.registry != repository.registry:
            return ""
        return f"Basic {self.credential.basic}"

    def _fetch_token(self, repository: Repository, actions: str, challenge: Challenge) -> str:
        problem = realm_problem(challenge.realm, repository, self.token_hosts.get(repository.registry, ""))
        if problem:
            raise AccessError(
                f"login to {repository.registry} is not possible: {problem}",
                remedy=f'If this is correct, configure it: [registries."{repository.registry}"] token-host = "..."',
            )
        basic = self._basic(repository)
        request = Request(
            method="GET",
            url=challenge.url_for(repository, actions),
            headers={"Authorization": basic} if basic else {},
        )
        response = self.send_with_retries(request, limit=TOKEN_LIMIT)
        if response.status in (401, 403):
            raise self._denied(repository, actions, response)
        token = _token(response) if response.status == 200 else ""  # noqa: PLR2004
        if not token:
            raise UnreachableError(
                f"the token service of {repository.registry} returned no token "
                f"(HTTP {response.status}: {self.error_text(response)})"
            )
        self.redact.add(token)
        return token

    def send_with_retries(self, request: Request, *, limit: int) -> Response:
        """Send until there is a usable response.

        Raises:
            UnreachableError: Attempts or budget are used up.
            VerificationError: The response is too large.
        """
        return self._retry_policy.send(request, limit=limit)

    @property
    def _retry_policy(self) -> RetryPolicy:
        return RetryPolicy(
            transport=self.transport, retry_budget=self.retry_budget, error_text=self.error_text, until=self.until
        )

    def _denied(self, repository: Repository, actions: str, response: Response) -> AccessError:
        text = self.error_text(response) or "(no reason given)"
        credential = self.credential if self._basic(repository) else None
        cause = self._cause(text, repository.registry, authenticated=credential is not None, pushes=actions == PUSH)
        identity = f"as {credential.username} ({credential.source})" if credential else "anonymously (no credentials)"
        action = "push to" if actions == PUSH else "read"
        return AccessError(
            f"{repository.registry} refused to {action} {repository} {identity}: HTTP {response.status}: {text}",
            remedy=f"Cause: {cause.meaning}.\n  How to fix: {cause.remedy}",
        )

    def _cause(self, text: str, registry: str, *, authenticated: bool, pushes: bool) -> DenialCause:
        variables = self.variables(registry, pushes)
        if authenticated:
            return cause_of(text, registry, variables)
        return anonymous_cause(text, registry, variables, pushes=pushes)

    def error_text(self, response: Response) -> str:
        """The registry's error messages, or the beginning of the body; safe to print."""
        text = "; ".join(error_messages(response)) or response.body[:ERROR_LIMIT].decode("utf-8", "replace")
        # Sanitized, then redacted, then truncated: neither an escape nor the cut may hide part of a secret.
        return self.redact(one_line(text))[:400]


def _token(response: Response) -> str:
    try:
        document = strict_json.loads(response.body)
        token = document.get("token") or document.get("access_token")
    except (ValueError, AttributeError):
        return ""
    # Used as a header value: anything else would allow an injection.
    usable = isinstance(token, str) and token.isascii() and token.isprintable() and " " not in token
    return token if usable else ""
