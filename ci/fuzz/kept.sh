#!/usr/bin/env bash
# Inputs that fuzzing has found (sourced, not run).
#
#   archive TARGET          where they are kept
#   unpack TARGET FOLDER    puts them into FOLDER/TARGET, beside what is there

archive() { printf 'ci/fuzz/kept/%s.tar.gz\n' "$1"; }

unpack() {
    mkdir -p "$2/$1"
    [ ! -e "$(archive "$1")" ] || tar -C "$2/$1" --skip-old-files -xzf "$(archive "$1")"
}
