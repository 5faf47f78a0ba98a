#!/usr/bin/env bash
# A real S3 server on loopback, for test/s3/. It is versitygw over a plain directory, built by Go from
# its module proxy; the binary stays in a cache outside the checkout.
#
#   .ci/s3-server.sh start DIR PORT   starts it with its data under DIR, prints lines to export
#   .ci/s3-server.sh stop DIR         stops it; DIR is left as it is
#
# BUCKETGRES_TEST_S3_ADMIN is versitygw itself, which creates users for the tests of policies.
#
#   eval "$(.ci/s3-server.sh start /tmp/s3 9444)" && npx vitest run test/s3
set -euo pipefail

version=v1.8.0
bucket=bucketgres-test
cache=${BUCKETGRES_CI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/bucketgres-ci}
binary=$cache/versitygw-$version/versitygw

usage() {
  echo "usage: $0 start DIR PORT | stop DIR" >&2
  exit 2
}

install_server() {
  [ -x "$binary" ] && return
  if ! command -v go >/dev/null; then
    echo "$0: Go is needed to build versitygw $version; or set BUCKETGRES_TEST_S3_ENDPOINT to another server" >&2
    exit 1
  fi
  echo "$0: building versitygw $version into $cache (some minutes, once)" >&2
  mkdir -p "$(dirname "$binary")"
  GOBIN=$(dirname "$binary") go install "github.com/versity/versitygw/cmd/versitygw@$version" >&2
}

is_running() {
  [ -f "$1/pid" ] && kill -0 "$(cat "$1/pid")" 2>/dev/null
}

start() {
  local directory=$1 port=$2 key secret
  if is_running "$directory"; then
    echo "$0: a server runs in $directory already; stop it first" >&2
    exit 1
  fi
  install_server
  key=test$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
  secret=$(od -An -N20 -tx1 /dev/urandom | tr -d ' \n')
  # A directory below data is a bucket; sidecar holds what file systems without xattrs cannot,
  # versions the older versions of versioned buckets, and iam the users that tests create.
  mkdir -p "$directory/data/$bucket" "$directory/sidecar" "$directory/versions" "$directory/iam"
  ROOT_ACCESS_KEY=$key ROOT_SECRET_KEY=$secret setsid "$binary" --port "127.0.0.1:$port" \
    --quiet --keep-alive --iam-dir "$directory/iam" posix --sidecar "$directory/sidecar" \
    --versioning-dir "$directory/versions" "$directory/data" \
    >"$directory/log" 2>&1 </dev/null &
  echo $! >"$directory/pid"

  for _ in $(seq 100); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "export BUCKETGRES_TEST_S3_ENDPOINT=http://127.0.0.1:$port"
      echo "export BUCKETGRES_TEST_S3_KEY=$key"
      echo "export BUCKETGRES_TEST_S3_SECRET=$secret"
      echo "export BUCKETGRES_TEST_S3_BUCKET=$bucket"
      printf 'export BUCKETGRES_TEST_S3_ADMIN=%q\n' "$binary"
      return
    fi
    is_running "$directory" || break
    sleep 0.1
  done
  echo "$0: the server did not start; its log:" >&2
  cat "$directory/log" >&2
  stop "$directory"
  exit 1
}

stop() {
  if is_running "$1"; then
    kill "$(cat "$1/pid")"
    for _ in $(seq 50); do
      is_running "$1" || break
      sleep 0.1
    done
  fi
  rm -f "$1/pid"
}

case ${1:-} in
  start) [ $# -eq 3 ] || usage; start "$2" "$3" ;;
  stop) [ $# -eq 2 ] || usage; stop "$2" ;;
  *) usage ;;
esac
