"""Makes a configured catalog of what `discover` prints, of all streams or of those named, incremental where possible.

python main.py discover --config config.json | python choose.py campaigns campaign_opens > catalog.json
"""

import json
import sys

wanted, messages = set(sys.argv[1:]), [json.loads(line) for line in sys.stdin]
offered = [stream for m in messages if m["type"] == "CATALOG" for stream in m["catalog"]["streams"]]
failures = [m["trace"]["error"]["message"] for m in messages if m.get("trace", {}).get("type") == "ERROR"]
unknown = sorted(wanted - {stream["name"] for stream in offered})
if failures or unknown:
    sys.exit(" ".join(failures) or f"There is no stream {', '.join(unknown)}.")
chosen = [
    {
        "stream": stream,
        "sync_mode": stream["supported_sync_modes"][-1],
        "destination_sync_mode": "append_dedup" if "incremental" in stream["supported_sync_modes"] else "overwrite",
        "primary_key": stream["source_defined_primary_key"],
        "cursor_field": stream.get("default_cursor_field", []),
    }
    for stream in offered
    if not wanted or stream["name"] in wanted
]
json.dump({"streams": chosen}, sys.stdout)
