#!/usr/bin/env bash
# Builds clients into $BUCKETGRES_CLIENTS, a folder outside the checkout: test/clients/build.sh [<client>…]
# A client's requirements.txt goes into one Python environment, its build.sh gets a folder to fill.
# What cannot be built is named with its reason, and the others go on.
set -uo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
: "${BUCKETGRES_CLIENTS:?names the folder for built clients}"
mkdir -p "$BUCKETGRES_CLIENTS"
place="$(cd "$BUCKETGRES_CLIENTS" && pwd)"
export BUCKETGRES_CLIENTS="$place"

python_packages() {
  if [ ! -x "$place/python/bin/pip" ]; then
    python3 -m venv "$place/python" || return
  fi
  "$place/python/bin/pip" install --quiet --disable-pip-version-check -r "$1"
}

build() {
  local client="$1" folder="$here/$1" built="$place/$1"
  mkdir -p "$built"
  rm -f "$built/why-not"
  if {
    { [ ! -e "$folder/requirements.txt" ] || python_packages "$folder/requirements.txt"; } &&
      { [ ! -e "$folder/build.sh" ] || (cd "$folder" && timeout 600 bash build.sh "$built"); }
  } >"$built/build.log" 2>&1; then
    echo "built: $client"
  else
    { grep -v '^[[:space:]]*$' "$built/build.log" || echo "the build failed"; } | tail -n 1 >"$built/why-not"
    echo "not built: $client: $(cat "$built/why-not")"
  fi
}

if [ $# -eq 0 ]; then
  for file in "$here"/*/client.json; do
    client="$(basename "$(dirname "$file")")"
    if [ -e "$here/$client/build.sh" ] || [ -e "$here/$client/requirements.txt" ]; then
      set -- "$@" "$client"
    fi
  done
fi
for client in "$@"; do build "$client"; done
