#!/usr/bin/env bash
# architecture.sh RULE SOURCE BUILD: one house rule over the tree; prints what breaks it.
#
#   arrows     a room of framework/ includes only itself and rooms above it
#   libraries  a library has one room that knows it
#   plugins    a plugin includes of ours only what plugin authors get
#   names      the framework names no plugin, but for the default of a parameter: PluginRef optimizer{"adam"}
#   exports    a plugin exports the function proxon_plugin and nothing else
#   entries    nothing new at the top of the tree
#   paths      no path of the machine that it was written on, no file over 1 MB
#   sizes      files over 400 lines are listed (a question to ask, no failure)
set -uo pipefail
rule=$1 source=$2 build=$3
cd "$source" || exit 1
broken=0
breaks() { echo "$*"; broken=1; }
sources() { find "$@" -name '*.hpp' -o -name '*.cpp' | sort; }
# Tracked files, or in a tree without git all that is no build folder.
files() { git ls-files 2>/dev/null || find . -path './build*' -prune -o -type f -print | sed 's|^\./||'; }

rooms="base schema plugin network simulation archive dataset learning interchange evaluation report experiment sweep cli"
position() { local i=0 r; for r in $rooms; do [ "$r" = "$1" ] && { echo $i; return; }; i=$((i + 1)); done; echo -1; }

arrows() {
  local file room line target
  for file in $(sources framework); do
    room=${file#framework/} room=${room%%/*}
    [ "$(position "$room")" -ge 0 ] || { breaks "$file: '$room' is not a room"; continue; }
    while read -r line; do
      case $line in
        *'"proxon/'*) target=${line#*proxon/} target=${target%%/*} ;;
        *'"'*) breaks "$file: includes $line; write the path from the top, \"proxon/<room>/<header>\""; continue ;;
        *) continue ;;
      esac
      [ "$(position "$target")" -ge 0 ] && [ "$(position "$target")" -le "$(position "$room")" ] ||
        breaks "$file: $room may not include from $target, which stands below it"
    done < <(grep -E '^ *# *include' "$file")
  done
}

# only PATTERN WHERE: includes that match stand only in files that match.
only() {
  local hit
  while read -r hit; do
    [[ ${hit%%:*} =~ $2 ]] || breaks "$hit: only $2 may"
  done < <(grep -nE "$1" $(sources framework plugins))
}
libraries() {
  only '^ *# *include *[<"](hdf5|H5)' '^framework/archive/'
  only '^ *# *include *<boost/program_options' '^framework/cli/'
  only '^ *# *include *<omp\.h|^ *# *pragma +omp' '^framework/base/threads\.cpp$'
  only '^ *# *include *<mpi' '^framework/base/ranks\.cpp$'
  only '^ *# *include *<(onnx|google/protobuf)' '^framework/interchange/onnx\.cpp$'
  only '^ *# *include *<toml' '^framework/schema/'
  only '^ *# *include *<dlfcn|^ *# *include *<boost/dll' '^framework/plugin/'
}

plugins() {
  local hit header file
  # Headers that only tests include may know the framework.
  local -a read=()
  for file in $(sources plugins | grep -v '_test\.cpp$'); do
    [[ $file == *.cpp ]] || grep -qF "$(basename "$file")" $(sources plugins | grep '\.cpp$' | grep -v '_test\.cpp$') && read+=("$file")
  done
  while read -r hit; do
    header=$(sed -E 's|.*[<"](proxon/[^>"]*)[>"].*|\1|' <<<"$hit")
    [[ $header =~ ^proxon/(plugin/.*|base/(csv|random|random_bulk|sums|distribution)\.hpp)$ && ! $header =~ (registry|scaffold) ]] ||
      breaks "$hit: plugin authors do not get this header"
  done < <(grep -nE '^ *# *include *[<"]proxon/' "${read[@]}")
}

names() {
  local names name hit file
  names=$(grep -ohE 'PROXON_PLUGIN\([a-z_]+, *[A-Za-z0-9_]+' $(sources plugins) | sed -E 's/.*, *//' | sort -u)
  [ "$(wc -w <<<"$names")" -ge 4 ] || breaks "found only $(wc -w <<<"$names") plugins: this test looks in the wrong place"
  for file in $(sources framework); do
    while read -r hit; do
      name=$(sed -E 's/.*"([A-Za-z0-9_]+)".*/\1/' <<<"$hit")
      case "$file $name" in
        # A loss of that name, which is no plugin.
        "framework/learning/losses.cpp mse" | "framework/learning/trainer.hpp mse" | "framework/learning/losses.hpp mse") continue ;;
        # A layout of positions, and a format of files, which are no plugins.
        "framework/experiment/read_network.cpp grid" | "framework/cli/verb_sweep.cpp csv") continue ;;
        # A way to draw the first weights.
        "framework/learning/initialise.cpp connectome") continue ;;
        # Names of figures in an archive, put at the head of a report where they are there.
        "framework/report/compose.cpp r2" | "framework/report/compose.cpp roc_auc" | "framework/report/compose.cpp coincidence_factor") continue ;;
      esac
      breaks "$file:$hit: names the plugin '$name'"
    done < <(sed -E 's|//.*||; s/PluginRef +[a-z_]+ *(= *)?\{"[A-Za-z0-9_]+"\}//' "$file" | grep -noE '"[A-Za-z0-9_]+"' | grep -E "\"($(paste -sd'|' <<<"$names"))\"")
  done
}

exports() {
  local object exported count=0
  for object in "$build"/lib/proxon/plugins/*.so; do
    count=$((count + 1))
    # Sanitizers and coverage export marks of their own.
    exported=$(nm -D --defined-only "$object" | awk '{print $3}' | grep -vE '^(__asan|__ubsan|__tsan|__odr_asan|__gcov|__lsan|_init$|_fini$)' | sort -u | paste -sd' ')
    [ "$exported" = proxon_plugin ] || breaks "$object: exports '$exported' and should export proxon_plugin alone"
  done
  [ $count -ge 4 ] || breaks "found only $count plugins in $build/lib/proxon/plugins"
}

entries() {
  local entry
  for entry in $(files | cut -d/ -f1 | sort -u); do
    case $entry in .* | CMakeLists.txt | framework | plugins | datasets | tests | docs | README.md) ;; *) breaks "$entry: has no place at the top of the tree" ;; esac
  done
}

paths() {
  local place hit
  for place in "$source" "$(dirname "$source")/" "$build" "$HOME/"; do
    case $place in / | //) continue ;; esac
    while read -r hit; do breaks "$hit: a path of this machine"; done < <(files | tr '\n' '\0' | xargs -0 grep -nIF -- "$place" 2>/dev/null | cut -c1-200)
  done
  while read -r hit; do breaks "$hit: larger than 1 MB"; done < <(files | tr '\n' '\0' | xargs -0 -I{} find {} -maxdepth 0 -size +1048576c 2>/dev/null)
}

sizes() {
  local count file
  while read -r count file; do [ "$count" -gt 400 ] && echo "note: $file has $count lines"; done < <(sources framework plugins tests | xargs wc -l | grep -v ' total$')
}

"$rule"
exit $broken
