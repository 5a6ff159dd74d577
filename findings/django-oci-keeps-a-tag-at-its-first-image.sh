#!/usr/bin/env bash
# Guessed: a registry that answers 201 to PUT /v2/<name>/manifests/<tag> serves those bytes under the tag from then on, as
# the distribution specification says of a manifest that it accepts.
# So it is not: django-oci 0.0.17, a registry for Django, accepts another manifest for a tag that is there with 201, and
# both the Location that it answers and a later GET are the first one's. The tag never moves, and nothing says so.
# Matters: who moves `latest` there and does not read it back has released nothing, with success at every step.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
expect() { # what is looked at, what is seen, what was seen when this was written
  printf '%s: %s\n' "$1" "$2"
  [ "$2" = "$3" ] || { printf 'CHANGED, it was: %s\n' "$3" >&2; exit 1; }
}

python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install django-oci==0.0.17 django==5.2.19 2>pip.log || { cat pip.log; exit 1; }
expect "version" "$(venv/bin/pip list 2>/dev/null | sed -n 's/^django-oci *//p')" "0.0.17"

cat >site.py <<'PY'
import sys
from pathlib import Path

from django.conf import settings
from django.core.management import execute_from_command_line

HERE = Path(__file__).parent
settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    CACHES={"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": HERE / "cache"}},
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "db.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DJANGO_OCI={"DISABLE_AUTHENTICATION": True},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django_oci", "rest_framework"],
    MEDIA_ROOT=str(HERE),
    ROOT_URLCONF="addresses",
    SECRET_KEY="only-for-this-script",
    SILENCED_SYSTEM_CHECKS=["django_ratelimit.E003", "django_ratelimit.W001"],
)
execute_from_command_line([__file__, *sys.argv[1:]])
PY
printf 'from django.urls import include, path\n\nurlpatterns = [path("", include("django_oci.urls", namespace="django_oci"))]\n' >addresses.py
mv site.py manage.py
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
venv/bin/python manage.py migrate --run-syncdb >migrate.log 2>&1 || { tail -n 20 migrate.log; exit 1; }
venv/bin/python manage.py runserver --noreload "127.0.0.1:$port" >server.log 2>&1 &
server=$!
for _ in $(seq 100); do curl --silent --output /dev/null "127.0.0.1:$port/v2/" && break; sleep 0.2; done

type=application/vnd.oci.image.manifest.v1+json
registry=http://127.0.0.1:$port/v2/team/app
upload() { # a blob, whose digest and size are printed as a descriptor of this type
  local digest address
  digest=$(digest "$1")
  address=$(curl --silent --output /dev/null --write-out '%header{location}' --data-binary "" "$registry/blobs/uploads/")
  curl --silent --show-error --fail --output /dev/null --request PUT --header "Content-Type: application/octet-stream" \
    --data-binary "@$1" "http://127.0.0.1:$port$address?digest=$digest"
  printf '{"mediaType":"%s","digest":"%s","size":%s}' "$2" "$digest" "$(stat --format %s "$1")"
}
manifest() { # one image, told apart by an annotation
  printf '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s],"annotations":{"which":"%s"}}' \
    "$type" "$config" "$layer" "$1"
}
digest() { printf 'sha256:%s' "$(sha256sum <"$1" | cut -d' ' -f1)"; }
put() {
  curl --silent --show-error --output answer --write-out '%{http_code}' --dump-header headers --request PUT \
    --header "Content-Type: $type" --data-binary "@$1" "$registry/manifests/latest"
}
which() { curl --silent --show-error "$registry/manifests/latest" | sed -n 's/.*"which": *"\([a-z]*\)".*/\1/p'; }
printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}' >config
printf 'a layer' >layer
config=$(upload config application/vnd.oci.image.config.v1+json)
layer=$(upload layer application/vnd.oci.image.layer.v1.tar)
manifest first >first.json
manifest second >second.json
expect "the first image is put" "$(put first.json)" "201"
expect "latest is" "$(which)" "first"
expect "the second image is put to the same tag" "$(put second.json)" "201"
expect "the Location of that answer is of the second" "$(grep -ci "location:.*$(digest second.json)" headers || true)" "0"
expect "latest is still" "$(which)" "first"
