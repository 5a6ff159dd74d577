"""How a registry behaves, in the words of ``tasks/shiplane/registry/registries.toml``: asked request by request."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from shiplane.registry.http.error_response import error_codes
from shiplane.registry.http.exchange import Response
from shiplane.registry.oci.manifest import RawManifest
from tests.faults.harness.conformance import Api
from tests.faults.harness.transfer import ask

_OVER_4_MIB = 4 * 1024 * 1024
# Neither in order nor in reverse order; and too many for a folder to list them in order by chance.
_TAGS = "bdacfehg"


def status(answer: Response) -> str:
    """A status, and a refusal's codes."""
    return " ".join([str(answer.status), *sorted(error_codes(answer))])


def paging(api: Api) -> str:
    api.tagged(*_TAGS)
    first = api.ask("GET", "tags/list?n=2")
    tags = json.loads(first.body)["tags"]
    if len(tags) > 2:
        return f"n is ignored: all tags at once, {'sorted' if tags == sorted(tags) else 'unsorted'}"
    if "next" in first.headers.get("link", ""):
        return "cut at n, with a Link, sorted" if tags == ["a", "b"] else "cut at n, with a Link, unsorted"
    rest = json.loads(api.ask("GET", f"tags/list?n=2&last={tags[-1]}").body)["tags"]
    honoured = not set(rest) & set(tags)
    return f"cut at n, without a Link; last is {'honoured' if honoured else 'ignored'}"


def referrers(api: Api) -> str:
    """An image that refers to another one, pushed by digest, then who refers to that."""
    subject = api.tagged("v1")
    document = json.loads(subject.body)
    document["artifactType"] = "application/vnd.test"
    document["subject"] = {
        "mediaType": subject.media_type,
        "digest": str(subject.digest),
        "size": len(subject.body),
    }
    raw = RawManifest(body=json.dumps(document).encode(), media_type=subject.media_type)
    assert api.put(raw.digest, raw).status == 201
    answer = api.ask("GET", f"referrers/{subject.digest}")
    listed = answer.status == 200 and str(raw.digest) in answer.body.decode()
    return "API" if listed else f"no API: {answer.status}"


def several_tags(api: Api) -> str:
    """Two tags by one PUT: whether the answer claims them, and whether they are there."""
    raw = api.image()
    answer = api.ask("PUT", f"manifests/{raw.digest}?tag=a&tag=b", raw.body, content_type=raw.media_type)
    made = [api.get(tag).status == 200 for tag in ("a", "b")]
    if all(made) and answer.headers.get("oci-tag"):
        return "made, and named in OCI-Tag"
    return f"{status(answer)}, and {'tags are' if any(made) else 'no tag is'} made"


def conditional_writes(api: Api) -> str:
    api.tagged("v1")
    other = api.image("other")
    answer = api.ask("PUT", "manifests/v1", other.body, content_type=other.media_type, if_none_match="*")
    moved = api.get("v1").body == other.body
    return f"If-None-Match: * is {'ignored' if moved else 'honoured'}: {status(answer)}"


def missing_repository(api: Api) -> str:
    manifest, tags = (ask(api.transport, "GET", f"{api.base}-unknown/{path}") for path in ("manifests/v1", "tags/list"))
    return f"manifest {status(manifest)}, tag list {status(tags)}"


def deletion(api: Api) -> str:
    """A tag, then its digest, which has another tag."""
    raw = api.tagged("one", "other")
    tag, digest = (api.ask("DELETE", f"manifests/{reference}") for reference in ("one", raw.digest))
    done = f"tag {status(tag)}, digest {status(digest)}"
    if digest.status >= 400:
        return done
    return f"{done}; {'another tag of it still answers 200' if api.get('other').status == 200 else 'its tags are gone'}"


def blobs(api: Api) -> str:
    answer = api.ask("GET", f"blobs/{api.blob(b'content')}")
    return "200 from the registry itself" if answer.status == 200 else status(answer)


def limits(api: Api) -> str:
    document = {**json.loads(api.image().body), "annotations": {"padding": "p" * _OVER_4_MIB}}
    raw = RawManifest(body=json.dumps(document).encode(), media_type=document["mediaType"])
    return f"a manifest over 4 MiB: {status(api.put('v1', raw))}"


BEHAVIOURS: Mapping[str, Callable[[Api], str]] = {
    "paging": paging,
    "referrers": referrers,
    "several-tags": several_tags,
    "conditional-writes": conditional_writes,
    "missing-repository": missing_repository,
    "deletion": deletion,
    "blobs": blobs,
    "limits": limits,
}
