#!/usr/bin/env bash
# Needs a C++ compiler, make, Python and libpq-dev: it is built by node-gyp.
set -euo pipefail
command -v pg_config >/dev/null || { echo "libpq-dev is not installed"; exit 1; }
cp package.json "$1"
cd "$1"
npm install --no-audit --no-fund --silent
node -e 'require("pg").native.Client; require("pg-native")'
