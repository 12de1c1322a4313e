#!/usr/bin/env bash
# Reads Mailcoach into FOLDER/mailcoach.db with nothing but a pipe. Each run goes on from the one before.
#
#   examples/pipe/sync.sh secrets/config.json FOLDER [STREAM …]
#
# FOLDER also gets the messages of this run (sync.jsonl), the catalog and the state. Delete the state, and the next run
# reads everything; delete catalog.json, and the streams are chosen anew.
set -euo pipefail

if [ $# -lt 2 ] || [ ! -r "$1" ]; then
    echo "usage: $0 CONFIG FOLDER [STREAM ...], where CONFIG is a file that can be read" >&2
    exit 2
fi
config=$1 folder=$2
here=$(dirname "$0")
python=${PYTHON:-$here/../../.venv/bin/python}
connector=$here/../../main.py

mkdir -p "$folder"
test -s "$folder/catalog.json" ||
    "$python" "$connector" discover --config "$config" | "$python" "$here/choose.py" "${@:3}" > "$folder/catalog.json"
test -s "$folder/state.json" || echo '[]' > "$folder/state.json"
"$python" "$connector" read --config "$config" --catalog "$folder/catalog.json" --state "$folder/state.json" |
    tee "$folder/sync.jsonl" |
    "$python" "$here/to_sqlite.py" "$folder/catalog.json" "$folder/mailcoach.db" "$folder/state.json"
