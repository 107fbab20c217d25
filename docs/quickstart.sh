#!/usr/bin/env bash
# Installs what is missing, builds a release, and runs the main job: a network of 1,000 neurons and its deep twin.
# What it leaves: build/quickstart.h5 (archive) and build/quickstart.html (report).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
need "${build_packages[@]}"
options=()
[ -f "$root/build/release/CMakeCache.txt" ] || options=(-DPROXON_TESTS=OFF)  # a folder that tests/run.sh configured stays as it is
build release "${options[@]}"
"$root/build/release/bin/proxon" run "$root/datasets/quickstart/quickstart.toml" --output "$root/build/quickstart.h5" --overwrite "$@"
echo
echo "the report: $root/build/quickstart.html"
