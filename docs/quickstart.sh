#!/usr/bin/env bash
# Installs what is missing, builds a release, and runs the main job: a network of 1,000 neurons and its deep twin.
# What it leaves: build/quickstart.h5 (archive) and build/quickstart.html (report).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
need "${build_packages[@]}"
build release -DPROXON_TESTS=OFF
"$root/build/release/bin/proxon" run "$root/datasets/quickstart/quickstart.toml" --output "$root/build/quickstart.h5" --overwrite "$@"
echo
echo "the report: $root/build/quickstart.html"
