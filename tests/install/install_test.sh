#!/usr/bin/env bash
# install_test.sh BUILD_FOLDER CMAKE COMPILER
#
# Installs into a temporary folder and does what a plugin author does: `proxon plugin new`, configure with find_package(Proxon), build, test,
# see the plugin in `proxon plugin list`; for every kind. Measures edit -> build -> loaded for a learning rule (goal: 5 s; told, never judged:
# the machine may be busy). Then what must be refused, and that the headers need no library.
set -euo pipefail
build=$1 cmake=$2 compiler=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
# Only what is installed may be used: no path of the tree or the build.
unset PROXON_PLUGIN_PATH
fail() { echo "FAILED: $*" >&2; exit 1; }
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$*"; }; }

quietly "$cmake" --install "$build" --prefix "$prefix"
proxon=$prefix/bin/proxon
cd "$work"

# The installed program finds its own plugins, and refuses none.
"$proxon" plugin list >list.txt
grep -q '^refused:' list.txt && { cat list.txt >&2; fail "the installed program refuses plugins of its own"; }
grep -q "iaf_psc_delta" list.txt || { cat list.txt >&2; fail "the installed program does not find its plugins"; }

# A plugin of every kind: written, built out of the tree, tested, found.
for kind in neuron synapse learning_rule connectivity stimulus approximator optimizer metric reader sampler; do
  name=my_$kind
  quietly "$proxon" plugin new "$kind" "$name"
  lines=$(wc -l <"$name/$name.cpp")
  [ "$lines" -le 40 ] || fail "the template of $kind has $lines lines, more than 40"
  grep -q '@' "$name/$name.cpp" "$name/${name}_test.cpp" "$name/CMakeLists.txt" && fail "a mark is left in the template of $kind"
  quietly "$cmake" -S "$name" -B "$name/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror"
  quietly "$cmake" --build "$name/build"
  (cd "$name/build" && quietly "$(dirname "$cmake")/ctest" --output-on-failure)
  PROXON_PLUGIN_PATH=$name/build "$proxon" plugin list "$kind" >list.txt
  grep -q "^  $name " list.txt || { cat list.txt >&2; fail "$name is not in the list of its kind"; }
done

# A second time is refused, and so are names and kinds that cannot be.
for words in "neuron my_neuron" "neuron 2fast" "neuron a/b" "nueron x"; do
  # shellcheck disable=SC2086
  "$proxon" plugin new $words >refused.txt 2>&1 && fail "'proxon plugin new $words' was taken"
  grep -q "^proxon: error: " refused.txt || { cat refused.txt >&2; fail "'proxon plugin new $words' was not refused with a sentence"; }
done

# Edit, build, loaded.
plugin=my_learning_rule
sed -i 's/grow = 0.01/grow = 0.02/' $plugin/$plugin.cpp
begin=$(date +%s.%N)
"$cmake" --build $plugin/build --target plugin_$plugin >/dev/null
PROXON_PLUGIN_PATH=$plugin/build "$proxon" plugin describe $plugin >description.txt
end=$(date +%s.%N)
grep -q "0.02" description.txt || { cat description.txt >&2; fail "the edit is not seen"; }
echo "edit -> build -> loaded: $(echo "$end $begin" | awk '{printf "%.2f", $1 - $2}') s for a learning rule (goal: 5 s or less)"

# Only the one function is exported, and the headers need nothing but the standard library.
exported=$(nm -D --defined-only $plugin/build/$plugin.so | awk '$2 ~ /[TDBR]/ {print $3}' | grep -v '^__\(asan\|ubsan\|tsan\|odr\)' || true)
[ "$exported" = proxon_plugin ] || fail "$plugin.so exports: $exported"
for header in $(cd "$prefix/include" && find proxon -name '*.hpp'); do
  echo "#include <$header>" >alone.cpp
  "$compiler" -std=c++20 -I"$prefix/include" -M alone.cpp >included.txt 2>&1 || { cat included.txt >&2; fail "$header does not compile alone"; }
  grep -E -o '/(fmt|boost|eigen3|toml\+\+|nlohmann)/[^ ]*' included.txt && fail "$header needs a library"
done
echo "every installed header compiles alone"
