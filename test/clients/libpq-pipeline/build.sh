#!/usr/bin/env bash
# Needs a C compiler and libpq-dev.
set -euo pipefail
command -v pg_config >/dev/null || { echo "libpq-dev is not installed"; exit 1; }
command -v cc >/dev/null || { echo "there is no C compiler"; exit 1; }
[ -e "$(pg_config --includedir)/libpq-fe.h" ] || { echo "libpq-dev is not installed"; exit 1; }
cc -Wall -O1 -o "$1/client" client.c -I "$(pg_config --includedir)" -L "$(pg_config --libdir)" -lpq
