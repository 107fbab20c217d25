#!/usr/bin/env bash
# reference_test.sh PROXON SOURCE_FOLDER: docs/reference is what `proxon reference` writes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset PROXON_PLUGIN_PATH
cp -r "$2/docs/reference/images" "$2/docs/reference/draw_pictures.py" "$work"
"$1" reference "$work"
diff -r "$work" "$2/docs/reference" && echo "the reference is up to date" || { echo "run: proxon reference docs/reference" >&2; exit 1; }
