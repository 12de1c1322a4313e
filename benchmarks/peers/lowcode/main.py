"""Mailcoach as a low-code connector: `manifest.yaml` and what `airbyte-cdk` needs to run it.

`python main.py read --config … --catalog …`; the configuration is that of the manifest's spec.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from airbyte_cdk.entrypoint import AirbyteEntrypoint, launch
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

MANIFEST = Path(__file__).parent / "manifest.yaml"


def load(path: str | None) -> Any:
    return json.loads(Path(path).read_text()) if path else None


def adapted(manifest: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """What an author writes into the file, and no configuration can say: the paginator, the cursor and the budget."""
    text = json.dumps(manifest).replace("@cursor", config.get("cursor", "updated_at"))
    manifest = json.loads(text)
    strategies = manifest["definitions"]["pagination_strategies"]
    paginator = manifest["definitions"]["paginator"]
    paginator["pagination_strategy"] = strategies[config.get("paginator", "meta")]
    if "budget" in config:
        (policy,) = manifest["api_budget"]["policies"]
        policy["call_limit"], policy["period"] = config["budget"]["requests"], config["budget"]["period"]
    else:
        del manifest["api_budget"]
    return manifest


def main() -> None:
    arguments = sys.argv[1:]
    found = AirbyteEntrypoint.parse_args(arguments)
    config, state = load(found.config), load(getattr(found, "state", None))
    catalog = getattr(found, "catalog", None)
    manifest = adapted(yaml.safe_load(MANIFEST.read_text()), config)
    source = ConcurrentDeclarativeSource(
        source_config=manifest,
        config=config,
        catalog=AirbyteEntrypoint and _catalog(catalog),
        state=_state(state),
    )
    launch(source, arguments)


if __name__ == "__main__":
    main()
