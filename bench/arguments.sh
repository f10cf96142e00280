# SPDX-License-Identifier: Apache-2.0
# Sourced by each group's run, so that all of them understand the same words:
#
#   bench/GROUP/run [--json] [--quick] [--list] [NAME…]
#
#   --json    JSON lines {bench, subject, value, unit} on standard output and nothing else there (otherwise: a table)
#   --quick   smaller sizes: for a look, not for a figure
#   --list    the names, one a line
#   NAME…     only these benchmarks
#
# BUILD names the build folder (default: build/optimized when `make optimized` has made it, else build/release); standard error says which.
# A group sets `known` (its names) before it sources this. Afterwards there are `root`, `build`, `quick` (true or false), `names` (all when
# none was given) and `work`, a folder that goes away at the end. What cannot be measured here is told on standard error and skipped.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
json=false quick=false names=()
given=("$@")
while [ $# -gt 0 ]; do
  case $1 in
    --json) json=true ;;
    --quick) quick=true ;;
    --list) printf '%s\n' "${known[@]}"; exit ;;
    -*) sed -n '/^#   /s/^#   //p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
    *)
      [[ " ${known[*]} " == *" $1 "* ]] || { echo "$0: there is no benchmark '$1' here; --list tells their names" >&2; exit 2; }
      names+=("$1")
      ;;
  esac
  shift
done
if ! $json; then
  "$0" --json "${given[@]}" | python3 "$root/bench/table.py"
  exit
fi
[ ${#names[@]} -gt 0 ] || names=("${known[@]}")
build=$(realpath -m "${BUILD:-$("$root/bench/build")}")
[ -n "${BUILD:-}" ] || echo "$(basename "$(dirname "$0")"): measured is ${build#"$root/"}" >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# built TARGET…: bring these targets of the build folder up to date.
built() {
  [ -f "$build/CMakeCache.txt" ] || cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo >"$work/build.log" 2>&1 ||
    { cat "$work/build.log" >&2; exit 1; }
  cmake --build "$build" --target "$@" >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
}
