#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test: units, properties, conformance of all plugins, plugins built wrong on purpose,
# installation, architecture, benchmarks in short form, and the experiments of datasets/ in short form. Ends with "N passed, N failed".
#   tests/run.sh [release|debug|asan|tsan|coverage] [ctest option]...
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../docs/setup.sh"
configuration=${1:-release}
[ $# -gt 0 ] && shift
need "${build_packages[@]}" "${test_packages[@]}"
build "$configuration" -C "$root/tests/configurations/$configuration.cmake"
ctest --test-dir "$root/build/$configuration" --output-on-failure -j "$jobs" "$@" | tee "$root/build/$configuration.tests"
status=${PIPESTATUS[0]}
# CTest's own closing line, said once more in the plain form.
passed=$(grep -cE '^ *[0-9]+/[0-9]+ Test .* Passed ' "$root/build/$configuration.tests")
failed=$(grep -cE '^ *[0-9]+/[0-9]+ Test .*(\*\*\*Failed|\*\*\*Timeout|\*\*\*Exception|\*\*\*Not Run)' "$root/build/$configuration.tests")
skipped=$(grep -cE '^ *[0-9]+/[0-9]+ Test .*\*\*\*Skipped' "$root/build/$configuration.tests")
[ "$passed" -gt 0 ] || { echo "no test was run" >&2; status=1; }
echo "$passed passed, $failed failed, $skipped skipped"
exit "$status"
