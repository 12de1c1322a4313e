"""Who is compared, how each is started, and how what it delivered is read. Notes on the peers: `peers/README.md`."""

import json
import re
import sys
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measure import Usage, measure
from sandbox import Sandbox
from sandbox.connector import CORE_STREAMS, FULL_REFRESH_ONLY, MAIN, STREAMS, Message, trust
from sandbox.truth.streams import PRIMARY_KEYS

HERE = Path(__file__).parent
PEERS = HERE / "peers"
PEERS_BIN = HERE.parent / ".bench-venv" / "bin"

STREAM_OF_STATE = re.compile(rb'"stream_descriptor":\{"name":"(\w+)"')
Keys = dict[str, set[tuple[str, ...]]]


@dataclass
class Sync:
    """One sync. `keys` are the primary keys of the rows that it delivered, `state_bytes` those of STATE messages."""

    usage: Usage
    rows: int = 0
    state_bytes: int | None = None
    keys: Keys = field(default_factory=lambda: defaultdict(set))

    def add(self, stream: str, row: Mapping[str, Any]) -> None:
        self.rows += 1
        self.keys[stream].add(tuple(row[key] for key in PRIMARY_KEYS[stream]))


@dataclass(frozen=True)
class Run:
    """What to sync: from which server, which streams, and the window of its rate limit, if it has one."""

    sandbox: Sandbox
    streams: Sequence[str] = CORE_STREAMS
    window: float | None = None
    limit: int = 60
    bound: float = 300


class Contender(ABC):
    """Keeps its state and files in a folder, so a second sync builds on the first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def sync(self, run: Run) -> Sync:
        """One sync in a process of its own."""

    def start(self, command: Sequence[str], run: Run) -> Usage:
        outputs = self.folder / "stdout", self.folder / "stderr"
        return measure(command, trust(run.sandbox), *outputs, run.bound, self.folder)

    def write(self, name: str, content: Any) -> str:
        path = self.folder / name
        path.write_text(json.dumps(content))
        return str(path)


class AirbyteContender(Contender):
    """A connector: `read` with the state of its incremental streams, as the platform hands it back."""

    incremental: Collection[str] = ()

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.states: dict[str, Message] = {}

    @abstractmethod
    def command(self, run: Run) -> list[str]:
        """Everything before `read`."""

    def config(self, run: Run) -> dict[str, Any]:
        return run.sandbox.config()

    def sync(self, run: Run) -> Sync:
        inputs = {"config": self.config(run), "catalog": self.catalog(run.streams), "state": list(self.states.values())}
        paths = [part for name, content in inputs.items() for part in (f"--{name}", self.write(name, content))]
        sync = Sync(self.start([*self.command(run), "read", *paths], run), state_bytes=0)
        with (self.folder / "stdout").open("rb") as lines:
            for line in lines:
                if line.startswith(b'{"type":"RECORD"') and line.endswith(b"\n"):
                    record = json.loads(line)["record"]
                    sync.add(record["stream"], record["data"])
                elif line.startswith(b'{"type":"STATE"') and line.endswith(b"\n"):
                    sync.state_bytes = (sync.state_bytes or 0) + len(line)
                    if (name := STREAM_OF_STATE.search(line)) and name[1].decode() in self.incremental:
                        self.states[name[1].decode()] = json.loads(line)["state"]
        return sync

    def catalog(self, streams: Sequence[str]) -> dict[str, Any]:
        configured = []
        for name in streams:
            mode = "incremental" if name in self.incremental else "full_refresh"
            stream = {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh", "incremental"]}
            configured.append({"stream": stream, "sync_mode": mode, "destination_sync_mode": "append"})
        return {"streams": configured}


class Ours(AirbyteContender):
    incremental = [stream for stream in STREAMS if stream not in FULL_REFRESH_ONLY]

    def command(self, run: Run) -> list[str]:
        return [sys.executable, str(MAIN)]


class OursTen(Ours):
    """As many requests in flight as the manifest has workers."""

    def config(self, run: Run) -> dict[str, Any]:
        return {**super().config(run), "max_parallel_requests": 10}


class Plain(AirbyteContender):
    """Full refreshes only, whose state the platform drops after each success."""

    def command(self, run: Run) -> list[str]:
        return [str(PEERS_BIN / "python"), str(PEERS / "plain" / "main.py")]


class LowCode(AirbyteContender):
    incremental = ("campaigns", "campaign_opens", "campaign_bounces")
    cursor = "updated_at"
    strategy: Mapping[str, Any] = {}

    def command(self, run: Run) -> list[str]:
        return [str(PEERS_BIN / "source-declarative-manifest")]

    def config(self, run: Run) -> dict[str, Any]:
        manifest = yaml.safe_load((PEERS / "lowcode" / "manifest.yaml").read_text())
        manifest["definitions"]["campaigns"]["incremental_sync"]["cursor_field"] = self.cursor
        if self.strategy:
            manifest["definitions"]["paginator"]["pagination_strategy"] = self.strategy
        if run.window is None:
            del manifest["api_budget"]
        else:
            rate = {"limit": run.limit, "interval": f"PT{run.window:g}S"}
            manifest["api_budget"]["policies"][0]["rates"] = [rate]
        return {**super().config(run), "__injected_declarative_manifest": manifest}


class LowCodePageSize(LowCode):
    strategy = {"type": "PageIncrement", "start_from_page": 1, "page_size": 100}


class LowCodeStatistics(LowCode):
    cursor = "statistics_calculated_at"


class Dlt(Contender):
    """Its rows lie in files, one folder a table, from all syncs so far."""

    cursor = "updated_at"
    paginator = "page_number"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.files: set[Path] = set()

    def sync(self, run: Run) -> Sync:
        own = {"cursor": self.cursor, "paginator": self.paginator, "streams": list(run.streams)}
        config = self.write("config", {**run.sandbox.config(), **own})
        sync = Sync(self.start([str(PEERS_BIN / "python"), str(PEERS / "dlt" / "main.py"), config, "."], run))
        for stream, row in self.new_rows():
            sync.add(stream, row if stream in CORE_STREAMS[:2] else {**row, "campaign_uuid": row["_campaigns_uuid"]})
        return sync

    def new_rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for stream in CORE_STREAMS:
            for path in set((self.folder / "rows" / "mailcoach" / stream).glob("*.jsonl")) - self.files:
                self.files.add(path)
                with path.open() as lines:
                    yield from ((stream, json.loads(line)) for line in lines)


class DltLinks(Dlt):
    paginator = "json_link"


class DltStatistics(Dlt):
    cursor = "statistics_calculated_at"


NAMES: Mapping[type[Contender], str] = {
    Ours: "source-mailcoach",
    OursTen: "source-mailcoach, 10 in flight",
    Plain: "CDK class, as in the tutorial",
    LowCode: "low-code manifest",
    LowCodePageSize: "low-code, page size 100 assumed",
    LowCodeStatistics: "low-code, the cursor we use",
    Dlt: "dlt rest_api",
    DltLinks: "dlt, links.next followed",
    DltStatistics: "dlt, the cursor we use",
}
MAIN_CONTENDERS: tuple[type[Contender], ...] = (Ours, Plain, LowCode, Dlt)
PAGING_VARIANTS: tuple[type[Contender], ...] = (LowCodePageSize, DltLinks)
LATENCY_VARIANTS: tuple[type[Contender], ...] = (OursTen,)
CURSOR_VARIANTS: tuple[type[Contender], ...] = (LowCodeStatistics, DltStatistics)
