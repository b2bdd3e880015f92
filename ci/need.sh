#!/usr/bin/env bash
# What a machine must have, for the scripts beside this one (sourced, not run).
#
#   need_apt PACKAGE…            installs the Debian packages that are missing
#   need_cargo NAME VERSION      installs a cargo command in exactly this version
#   need_component NAME…         adds parts of the Rust toolchain that are missing
#   skip WHAT WHY                says loudly that WHAT is not done here; with CI=true that is a failure
#
# The tests written in Rust skip by the same rule: ci/e2e/skip.rs.

say() { printf '%s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

need_apt() {
    local missing=() package
    for package in "$@"; do
        # shellcheck disable=SC2016 # dpkg-query reads ${Status}, not the shell
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    command -v apt-get >/dev/null || {
        skip "installing ${missing[*]}" "there is no apt-get; if this system has them under other names, all is well"
        return
    }
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null || {
        skip "${missing[*]}" "not installed, and neither root nor sudo to install it"
        return
    }
    say "installing with apt: ${missing[*]}"
    apt_install "${missing[@]}" || {
        say "refreshing apt's package lists"
        as_root apt-get update -q >&2
        apt_install "${missing[@]}"
    }
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y -o Dpkg::Use-Pty=0 --no-install-recommends "$@" >&2
}

need_cargo() {
    local name=$1 version=$2
    [ "$("$name" --version 2>/dev/null | awk '{print $2}')" = "$version" ] && return 0
    say "installing with cargo: $name $version (minutes)"
    cargo install --locked --quiet --force "$name" --version "$version" >&2
}

need_component() {
    local component
    command -v rustup >/dev/null || return 0
    for component in "$@"; do
        rustup component list --installed | grep -q "^$component" && continue
        say "adding to the Rust toolchain: $component"
        rustup component add "$component" >&2
    done
}

skip() {
    say ""
    say "=== SKIPPED: $1: $2"
    if [ "${CI:-}" = true ]; then
        say "=== CI=true: a skip is a failure"
        return 1
    fi
}
