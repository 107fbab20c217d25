# Set-up that docs/quickstart.sh and tests/run.sh share; sourced, not run. Installs what is missing on Debian or Ubuntu, names it elsewhere,
# and builds. After `source setup.sh`: need PACKAGE..., build NAME [cmake option]... -> the build is in $root/build/NAME.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(nproc)

build_packages=(g++ cmake ninja-build git libboost-dev libboost-program-options-dev libeigen3-dev libhdf5-dev
                libfmt-dev libtomlplusplus-dev libmuparser-dev nlohmann-json3-dev libpugixml-dev zlib1g-dev nettle-dev libjs-chart.js libonnx-dev libprotobuf-dev)
test_packages=(doctest-dev python3-h5py python3-onnx libonnx-testdata python3-brian python3-neuron slurm-wlm munge
               libopenmpi-dev openmpi-bin dataset-fashion-mnist python3-nitime)

# need PACKAGE...: installs those that are missing, with sudo when not root.
need() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "This system has no apt. Install what these Debian packages hold, then run the build by hand (docs/first_steps.md):" >&2
    echo "  $*" >&2
    exit 1
  fi
  local sudo=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Install these packages as root, then run this again: ${missing[*]}" >&2; exit 1; }
    sudo=sudo
  fi
  echo "installing: ${missing[*]}"
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# build NAME [option]...: configures and builds everything in $root/build/NAME, and says so only when it takes time. Several files of a room
# are compiled as one: half the time from nothing.
build() {
  local name=$1
  shift
  cmake -S "$root" -B "$root/build/$name" -G Ninja -DCMAKE_UNITY_BUILD=ON "$@" >"$root/build/$name.log" 2>&1 || { cat "$root/build/$name.log" >&2; exit 1; }
  cmake --build "$root/build/$name" -j "$jobs" || exit 1
}
mkdir -p "$root/build"
