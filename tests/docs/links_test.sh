#!/usr/bin/env bash
# links_test.sh SOURCE_FOLDER: every link between the pages leads to a file that is there.
set -uo pipefail
cd "$1"
broken=0
while IFS= read -r page; do
  while IFS= read -r link; do
    target=${link%%#*}
    [ -z "$target" ] || [[ $target == http* ]] && continue
    [ -e "$(dirname "$page")/$target" ] || { echo "$page: $link leads nowhere"; broken=1; }
  done < <(grep -o '](\([^)]*\))' "$page" | sed 's/^](//; s/)$//')
# Not those of packages that hold data.
done < <(find README.md docs datasets -name node_modules -prune -o -name '*.md' -print)
exit $broken
