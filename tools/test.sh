#!/usr/bin/env bash
# Run the tests, on a machine with nothing but Python 3.11 or newer: bash tools/test.sh [PYTEST OPTIONS]
# Tests whose tools cannot be had (a browser, strace) skip themselves and say so. A file's tests run in one process, and
# there are as many of these as processors, four at most: -n0 for one.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
system git:git strace:strace mkfs.ext4:e2fsprogs 'chromium:chromium fonts-dejavu-core'
environment dev
exec python -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder "$@"
