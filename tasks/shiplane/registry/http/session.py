"""Requests with authorization and patience: what every call to a registry goes through.

A credential goes to its own registry and to that registry's token service, never further. A token is asked for when
the registry demands one, renewed once when it no longer holds, and known to the redactor from its first moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shiplane.core import strict_json
from shiplane.core.credential import Credential
from shiplane.core.errors import AccessError, UnreachableError
from shiplane.core.redact import Redactor
from shiplane.core.text import one_line
from shiplane.registry.http.denials import DenialCause, cause_for_stranger, cause_of
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
    """The exchanges of one run with registries, under one credential or none.

    Attributes:
        transport: What carries the requests.
        credential: Whose name they are sent in; None for a stranger's. Never sent to another registry.
        retry_budget: The retry budget of this run.
        redact: Learns every token; everything foreign is passed through it before anybody sees it.
        tokens: What was asked for already.
        token_hosts: The token service's host of each registry for which the project names one.
        until: When every request has to be over, on the patience's clock; None for no such limit.
        variables: Names the variables of a registry's login, for who pushes or only reads: what a stranger is told.
        fallback: Finds the credential that we step forward with where a stranger is refused; None where we do not.
    """

    transport: Transport
    credential: Credential | None = None
    retry_budget: RetryBudget = field(default_factory=RetryBudget)
    redact: Redactor = field(default_factory=Redactor)
    tokens: TokenCache = field(default_factory=TokenCache)
    token_hosts: Mapping[str, str] = field(default_factory=dict)
    until: float | None = None
    fallback: Callable[[], Credential | None] | None = None
    variables: Callable[[str, bool], str] = lambda _registry, _pushes: ""

    def send(
        self,
        repository: Repository,
        request: Request,
        actions: str,
        *,
        limit: int = MANIFEST_LIMIT,
        patient: bool = True,
    ) -> Response:
        """Send with what authorization we have; a stranger who is refused steps forward, where that is wanted."""
        whom = self.credential
        try:
            return self._send(repository, request, actions, limit=limit, patient=patient)
        except AccessError:
            if not self._switch_to_fallback(whom):
                raise
            return self._send(repository, request, actions, limit=limit, patient=patient)

    def _switch_to_fallback(self, whom: Credential | None) -> bool:
        """Whether we now come as somebody else than a refused request did; a helper is asked once, by one thread.

        Raises:
            AccessError: The credential that was held back cannot be read.
        """
        with self.tokens.lock:
            if self.credential is whom and self.fallback is not None:
                found, self.fallback = self.fallback(), None
                if found is not None:
                    self.credential = found
                    self.tokens.forget_all()
            return self.credential is not whom

    def _send(self, repository: Repository, request: Request, actions: str, *, limit: int, patient: bool) -> Response:
        """Send once; on a challenge get a new authorization and send once more."""
        for last in (False, True):
            value = self._authorization(repository, actions)
            headers = {**request.headers, **({"Authorization": value} if value else {})}
            sent = Request(method=request.method, url=request.url, headers=headers, body=request.body)
            response = (
                self.send_with_retries(sent, limit=limit)
                if patient
                else self._retry_policy.send_once(sent, limit=limit)
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
        """Get what authorization the registry asks for, and send nothing yet that needs it.

        Args:
            repository: Where it is wanted.
            actions: For what.
            entrance: The URL that provokes a challenge: ``.../v2/``.

        Returns:
            False where the registry asks for none.

        Raises:
            AccessError: The credential was refused.
            UnreachableError: No answer.
        """
        if self.tokens.challenge(repository.registry) is None:
            response = self.send_with_retries(Request(method="GET", url=entrance), limit=MANIFEST_LIMIT)
            if response.status == 401:  # noqa: PLR2004
                self.tokens.learn(repository.registry, Challenge.parse(response.headers.get("www-authenticate", "")))
        return bool(self._authorization(repository, actions))

    def _authorization(self, repository: Repository, actions: str) -> str:
        """The ``Authorization`` value to try: a token, Basic, or nothing while no challenge has been met."""
        # Under the lock, so that parallel readers wait for one token instead of asking for one each.
        with self.tokens.lock:
            known = self.tokens.get(repository, actions)
            challenge = self.tokens.challenge(repository.registry)
            if known is not None or challenge is None:
                return known or ""
            value = self._basic(repository) if challenge.scheme == "basic" else ""
            if challenge.scheme == "bearer":
                value = "Bearer " + self._fetch_token(repository, actions, challenge)
            self.tokens.put(repository, actions, value)
            return value

    def _basic(self, repository: Repository) -> str:
        """Our credential as a Basic value, for its own registry alone."""
        if self.credential is None or self.credential.registry != repository.registry:
            return ""
        return f"Basic {self.credential.basic}"

    def _fetch_token(self, repository: Repository, actions: str, challenge: Challenge) -> str:
        problem = realm_problem(challenge.realm, repository, self.token_hosts.get(repository.registry, ""))
        if problem:
            raise AccessError(
                f"{repository.registry} cannot be logged in to: {problem}",
                remedy=f'If it is right, name it: [registries."{repository.registry}"] token-host = "..."',
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
                f"the token service of {repository.registry} gave no token "
                f"(HTTP {response.status}: {self.error_text(response)})"
            )
        self.redact.add(token)
        return token

    def send_with_retries(self, request: Request, *, limit: int) -> Response:
        """Send until there is an answer worth having.

        Raises:
            UnreachableError: The tries or the budget are used up.
            VerificationError: The answer is absurdly large.
        """
        return self._retry_policy.send(request, limit=limit)

    @property
    def _retry_policy(self) -> RetryPolicy:
        return RetryPolicy(
            transport=self.transport, retry_budget=self.retry_budget, error_text=self.error_text, until=self.until
        )

    def _denied(self, repository: Repository, actions: str, response: Response) -> AccessError:
        words = self.error_text(response) or "(no reason given)"
        known = self.credential if self._basic(repository) else None
        cause = cause_of(words) if known else self._stranger(repository.registry, words, pushes=actions == PUSH)
        who = f"as {known.username} ({known.source})" if known else "as a stranger (no credential)"
        wish = "push to" if actions == PUSH else "read"
        return AccessError(
            f"{repository.registry} refused to let us {wish} {repository} {who}: HTTP {response.status}: {words}",
            remedy=f"It means: {cause.meaning}.\n  What to do: {cause.remedy}",
        )

    def _stranger(self, registry: str, words: str, *, pushes: bool) -> DenialCause:
        return cause_for_stranger(words, registry, self.variables(registry, pushes), pushes=pushes)

    def error_text(self, response: Response) -> str:
        """The registry's own words: its error messages, or the beginning of whatever it sent; safe to print."""
        text = "; ".join(_error_messages(response)) or response.body[:ERROR_LIMIT].decode("utf-8", "replace")
        # Made harmless, then redacted, then cut: an escape within a secret, or the cut, must not hide a part of it.
        return self.redact(one_line(text))[:400]


def _errors(response: Response) -> list[dict[str, object]]:
    try:
        document = strict_json.loads(response.body)
        return [entry for entry in document["errors"] if isinstance(entry, dict)]
    except (ValueError, KeyError, TypeError):
        return []


def error_codes(response: Response) -> set[str]:
    """The error codes of a registry's JSON answer; none when it is not one."""
    return {str(entry.get("code", ""))[:40] for entry in _errors(response)}


def _error_messages(response: Response) -> list[str]:
    """``code: message`` as docker prints them: ``denied: permission_denied: write_package``."""
    return [
        f"{str(entry.get('code', '')).lower()}: {entry.get('message', '')}".strip(": ") for entry in _errors(response)
    ]


def _token(response: Response) -> str:
    try:
        document = strict_json.loads(response.body)
        token = document.get("token") or document.get("access_token")
    except (ValueError, AttributeError):
        return ""
    # A header value: anything else would be an injection into our own request.
    usable = isinstance(token, str) and token.isascii() and token.isprintable() and " " not in token
    return token if usable else ""
