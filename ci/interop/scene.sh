#!/usr/bin/env bash
# What the scripts beside this one are played in (sourced, not run): a scratch folder, programs that end with the script,
# and waits that end.
#
#   $folder                      is gone at the end
#   pids+=($!)                   is ended at the end
#   undo                         is called then; a script with more to clear away defines it
#   await WHAT SECONDS COMMAND…  waits until the command succeeds; fails after so many seconds, and shows the logs
#   says NAME WORDS [TIMES]      whether $folder/NAME.log has so many lines with these words
#   await_line NAME WORDS [TIMES [SECONDS]]
#                                waits until it has; for 20 s if nothing else is said
#   kamailio_at ADDRESS [RUN…]   starts Kamailio there (kamailio.cfg); RUN… runs it, in a network of its own

folder=$(mktemp -d)
pids=()

undo() { :; }

finish() {
    local pid
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    undo
    rm -rf "$folder"
}
trap finish EXIT

await() {
    local what=$1 seconds=$2 begun=$EPOCHREALTIME log
    shift 2
    for _ in $(seq $((seconds * 20))); do
        if "$@" >/dev/null 2>&1; then
            echo "ok $what, after $(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $begun }") s"
            return
        fi
        read -rt 0.05 <> <(:) || true
    done
    echo "not within $seconds s: $what" >&2
    for log in "$folder"/*.log; do
        echo "--- $log" >&2
        grep -v 'Remote UNIX' "$log" | tail -n 60 >&2
    done
    exit 1
}

says() {
    [ "$(grep -c "$2" "$folder/$1.log")" -ge "${3:-1}" ]
}

await_line() {
    await "$1: $2" "${4:-20}" says "$1" "$2" "${3:-1}"
}

kamailio_at() {
    local address=$1
    shift
    sed "s/ADDRESS/$address/" ci/interop/kamailio.cfg >"$folder/kamailio.cfg"
    "$@" kamailio -DD -E -Y "$folder" -P "$folder/pid" -f "$folder/kamailio.cfg" >"$folder/kamailio.log" 2>&1 &
    pids+=($!)
}
