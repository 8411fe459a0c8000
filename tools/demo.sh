#!/usr/bin/env bash
# Versions of real data, from a bare machine with Python 3.11 or newer: bash tools/demo.sh [FOLDER]
#
# Takes two releases of iris (scikit-learn 0.19.2 and 0.20.4) and two of vega-datasets (2.8.1 and 2.11.0), makes a
# version of each, shows what changed and which number that deserves, brings every version back, and holds each against
# the files as they were published. FOLDER (default: demo) is new, and keeps all that was made.
set -euo pipefail
target=${1:-demo}
[ "${target#/}" != "$target" ] || target=$PWD/$target
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
[ ! -e "$target" ] || { echo "$target exists: name another folder, or remove it first"; exit 1; }
environment
root=$PWD

say() { printf '\n# %s\n' "$*"; }
as_typed() {  # the words as one would type them: quoted where a shell would take them apart
    local w q="'"
    for w in "$@"; do
        case $w in ''|*[!A-Za-z0-9_./:=@%+,-]*) w=$q${w//$q/$q\\$q$q}$q ;; esac
        printf ' %s' "$w"
    done
}
run() { printf '\n$%s\n' "$(as_typed "$@")"; "$@"; }
data() { python "$root/tools/data.py" "$1" "$2" "$target/published/$1-$2" > /dev/null; }
publish() { rm -rf "$1"; cp -a "published/$1-$2" "$1"; }  # the working folder becomes what that release holds

say 'Fetching the published releases'
mkdir -p "$target/published"
pairs='iris:0.19.2:0.20.4'
for v in 0.19.2 0.20.4; do data iris $v; done
if command -v npm > /dev/null; then
    pairs="$pairs vega:2.8.1:2.11.0"
    for v in 2.8.1 2.11.0; do data vega $v; done
else echo 'npm is not installed: going on with iris alone'; fi
cd "$target"
export DVNB_REPO=$target/repo
run du -sh published/*
run dver init "$DVNB_REPO"

restored() {  # restored REF RELEASE: bring a version back and hold it against the release it was made from
    run dver restore "$1" "restored/$2"
    run diff -r "published/$2" "restored/$2"
    echo "restored/$2 is published/$2, bit for bit"
}

for pair in $pairs; do
    IFS=: read -r name old new <<< "$pair"
    say "$name: release $old is the first version"
    publish "$name" "$old"
    run dver snapshot "./$name" -m "release $old"

    say "$name: release $new takes its place"
    publish "$name" "$new"
    run dver diff "$name:latest" "./$name"
    run dver snapshot "./$name" -m "release $new"
    run dver log "$name"

    say "$name: both come back"
    restored "$name:1.0.0" "$name-$old"
    restored "$name:latest" "$name-$new"
done

say 'Every byte of the repo is read and proved'
run dver check --read-data
run du -sh "$DVNB_REPO"
say "Done. Look around in $target"
