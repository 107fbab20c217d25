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
done < <(find README.md docs datasets -name '*.md')
exit $broken
