#!/usr/bin/env bash
# Builds the sidecar image and checks what it promises: its user, size and files, and that it serves, answers its
# probes and drains with a read-only root file system and no privileges.
#   sidecar/checkImage.sh [further arguments of the build, such as --build-arg RUNTIME_IMAGE=node:24-bookworm-slim]
# Uses docker, podman or buildah, whichever works here. Without any, the same is checked of the files that the image
# would hold. Both need a checkout that is installed and built: npm ci && npm run build.
set -euo pipefail
cd "$(dirname "$0")/.."

image=localhost/mcp-anything-check:latest
largest=$((300 * 1000 * 1000))
scratch=$(mktemp -d)
container=

finish() {
  [[ -z $container ]] || "$engine" rm -f "$container" >/dev/null 2>&1 || true
  chmod -R u+w "$scratch"
  rm -rf "$scratch"
}
trap finish EXIT

passed() { printf 'ok: %s\n' "$*"; }
failed() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

find_engine() {
  local candidate
  for candidate in docker podman buildah; do
    if "$candidate" info >/dev/null 2>&1; then
      printf '%s' "$candidate"
      return
    fi
  done
}

check_files() { npx vitest run test/helm/image.test.ts; }

# Repeats a command until it succeeds, for half a minute.
eventually() {
  local deadline=$((SECONDS + 30))
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || return 1
    sleep 0.2
  done
}

engine=$(find_engine)
if [[ -z $engine ]]; then
  echo 'No container engine works here; checking the files that the image would hold.'
  check_files
  exit
fi

echo "Building with $engine"
if [[ $engine == buildah ]]; then
  buildah build --format docker -f sidecar/Dockerfile -t "$image" "$@" .
  user=$(buildah inspect --type image --format '{{.OCIv1.Config.User}}' "$image")
  size=$(buildah images --json "$image" | node -p 'JSON.parse(require("node:fs").readFileSync(0)).at(0).size')
else
  "$engine" build -f sidecar/Dockerfile -t "$image" "$@" .
  user=$("$engine" image inspect --format '{{.Config.User}}' "$image")
  size=$("$engine" image inspect --format '{{.Size}}' "$image")
fi

[[ $user == 65532:65532 ]] || failed "runs as user $user"
passed "runs as user $user"
printf 'size: %s\n' "$size"
[[ ! $size =~ ^[0-9]+$ ]] || ((size < largest)) || failed "is larger than $largest bytes"

mkdir "$scratch/tree"
if [[ $engine == buildah ]]; then
  container=$(buildah from "$image")
  cp -R "$(buildah mount "$container")/app" "$scratch/tree/app"
else
  container=$("$engine" create "$image")
  "$engine" cp "$container:/app" "$scratch/tree/app"
  "$engine" rm "$container" >/dev/null
  container=
fi
# The image's own user reads them where the tests run as root.
chmod -R a+rX "$scratch"
IMAGE_TREE=$scratch/tree check_files
passed 'holds what it should'

if [[ $engine == buildah ]]; then
  echo 'buildah runs nothing in the background; the files have served and drained outside of a container.'
  exit
fi

mkdir "$scratch/mounts"
cat >"$scratch/mounts/mcp.yaml" <<'YAML'
server:
  port: 8080
  admin_port: 9090
  shutdown_delay: 3s
upstreams:
  - name: proxy
    base_url: http://127.0.0.1:9090
    openapi:
      source: ./proxy.yaml
YAML
cp helm/mcp-anything/files/demo/proxy.yaml "$scratch/mounts/"
chmod -R a+rX "$scratch"

container=$("$engine" run --detach --read-only --cap-drop ALL --security-opt no-new-privileges \
  --env HEALTH_URL=http://127.0.0.1:9090/healthz \
  --volume "$scratch/mounts:/etc/mcp-anything/config:ro" \
  --publish 127.0.0.1::8080 --publish 127.0.0.1::9090 "$image")
mcp=http://$("$engine" port "$container" 8080/tcp | head -n 1)
admin=http://$("$engine" port "$container" 9090/tcp | head -n 1)
ready() { [[ $(curl -s -o "$scratch/answer" -w '%{http_code}' "$admin/readyz") == "$1" ]]; }

eventually ready 200 || failed "is not ready in time: $("$engine" logs "$container" 2>&1)"
passed 'is ready, with a read-only root file system and no capabilities'

"$engine" exec "$container" node --eval 'process.exit(process.getuid() === 65532 ? 0 : 1)' || failed 'runs as another user'
if "$engine" exec "$container" sh -c true >/dev/null 2>&1; then
  echo 'note: the base has a shell; distroless has none'
fi
passed 'runs as user 65532'

list_tools() { node --input-type=module --eval "$(cat helm/mcp-anything/files/listTools.mjs)" -- "$mcp/mcp"; }
list_tools || failed 'does not list its tools'
passed 'lists its tools'

"$engine" kill --signal TERM "$container" >/dev/null
eventually ready 503 || failed 'stays ready after SIGTERM'
list_tools >/dev/null || failed 'serves nobody between SIGTERM and the end of shutdown_delay'
code=$("$engine" wait "$container")
[[ $code == 0 ]] || failed "ends with exit code $code"
passed 'drains on SIGTERM and ends with exit code 0'
