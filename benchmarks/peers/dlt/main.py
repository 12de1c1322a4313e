"""Mailcoach through dlt's `rest_api` source, loaded as JSON lines into a folder.

`python main.py CONFIG FOLDER`: FOLDER keeps dlt's state and the rows of all runs, so a second run is incremental.
The configuration is `{"api_base_url": …, "api_token": …, "cursor": …, "paginator": …, "streams": […]}`.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import dlt
from dlt.sources.rest_api import RESTAPIConfig, rest_api_source

# The number of the last page is in each answer; links.next is what dlt finds by itself.
PAGINATORS: dict[str, dict[str, Any]] = {
    "page_number": {"type": "page_number", "base_page": 1, "total_path": "meta.last_page"},
    "json_link": {"type": "json_link", "next_url_path": "links.next"},
}
CHILD_KEYS = {
    "clicks": ["_campaigns_uuid", "uuid"],
    "opens": ["_campaigns_uuid", "subscriber_uuid"],
    "unsubscribes": ["_campaigns_uuid", "subscriber_uuid"],
    "bounces": ["_campaigns_uuid", "subscriber_uuid", "type"],
}


def source_config(config: dict[str, Any]) -> RESTAPIConfig:
    """Children hang on `{resources.campaigns.uuid}` and are fetched in dlt's thread pool."""
    children = [
        {
            "name": f"campaign_{kind}",
            "primary_key": key,
            "include_from_parent": ["uuid"],
            "parallelized": True,
            "endpoint": {"path": "campaigns/{resources.campaigns.uuid}/" + kind},
        }
        for kind, key in CHILD_KEYS.items()
    ]
    cursor = {"cursor_path": config["cursor"], "initial_value": "2000-01-01T00:00:00.000000Z"}
    return {
        "client": {
            "base_url": config["api_base_url"].rstrip("/") + "/",
            "auth": {"type": "bearer", "token": config["api_token"]},
            "headers": {"Accept": "application/json"},
            "paginator": PAGINATORS[config["paginator"]],
        },
        "resource_defaults": {
            "primary_key": "uuid",
            "write_disposition": "merge",
            "endpoint": {"data_selector": "data", "params": {"per_page": 100}},
        },
        "resources": [
            {"name": "email_lists", "write_disposition": "replace", "endpoint": {"path": "email-lists"}},
            {
                "name": "campaigns",
                "endpoint": {"path": "campaigns", "params": {"filter[status]": "sent"}, "incremental": cursor},
            },
            *children,
        ],
    }


def main() -> None:
    config, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]).resolve()
    os.environ |= {
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "DLT_DATA_DIR": str(folder / "dlt"),
        "DESTINATION__FILESYSTEM__BUCKET_URL": (folder / "rows").as_uri(),
        "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
    }
    pipeline = dlt.pipeline(
        "mailcoach", destination="filesystem", dataset_name="mailcoach", pipelines_dir=str(folder / "pipelines")
    )
    source = rest_api_source(source_config(config), parallelized=True)
    pipeline.run(source.with_resources(*config["streams"]), loader_file_format="jsonl")


if __name__ == "__main__":
    main()
