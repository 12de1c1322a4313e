"""What syncs cost that build on one another: requests when nothing and when little has changed, state, memory.

Run it with `python -m benchmarks.incremental`. It takes some minutes; the figures but memory are the same everywhere.
"""

from benchmarks.run import read
from sandbox import Sandbox
from sandbox.connector import CORE_STREAMS

ROW = "{:<34}{:>10}{:>9}{:>9}{:>9}{:>9}{:>9}"


def main() -> None:
    resyncs()
    state()
    memory()


def resyncs() -> None:
    """Idle and 1 % changed, against a connector that reads everything each time."""
    print("Requests of a sync; minutes at 60 and at 300 requests a minute")
    print(ROW.format("", "everything", "minutes", "minutes", "ours", "minutes", "minutes"))
    for campaigns in (200, 1000):
        with Sandbox(
            version="v8", campaigns=campaigns, seed=1, opens=40, html_bytes=200, sent_only=True, in_window=20
        ) as sandbox:
            first = read(sandbox, "incremental")
            idle = read(sandbox, "incremental", first.states)
            row(f"{campaigns:,} campaigns, nothing changed", first.requests, idle.requests)
            lists = sandbox.least_requests(CORE_STREAMS[:2])
            print(f"    the lists: {lists}; for the 20 campaigns within the window: {idle.requests - lists}")
            store = sandbox.store
            store.advance(3600)
            old = sorted(store.campaigns.values(), key=lambda campaign: campaign.sent_at or 0)
            for campaign in old[: campaigns // 100]:
                people = (who for who in store.subscribers.values() if who.email_list is campaign.email_list)
                store.add_open(campaign, next(people))
            changed = read(sandbox, "incremental", idle.states)
            row(f"{campaigns:,} campaigns, 1 % opened again", first.requests, changed.requests)


def row(what: str, naive: int, ours: int) -> None:
    minutes = [f"{requests / pace:.1f}" for requests in (naive, ours) for pace in (60, 300)]
    print(ROW.format(what, naive, *minutes[:2], ours, *minutes[2:]))


def state() -> None:
    """STATE for 5,000 campaigns."""
    with Sandbox(version="v8", campaigns=5000, seed=1, opens=3, html_bytes=50, sent_only=True) as sandbox:
        run = read(sandbox, "incremental")
        print(f"\n5,000 campaigns, {run.rows:,} rows, {run.requests:,} requests; peak memory {run.peak_mb:.0f} MB;")
        print(f"{run.state_messages:,} STATE messages, {run.state_bytes:,} bytes in all")


def memory() -> None:
    """A million opens of one campaign."""
    with Sandbox(version="cloud", campaigns=10, seed=1, opens=10, big_campaign_opens=1_000_000) as sandbox:
        run = read(sandbox, "incremental", streams=["campaign_opens"])
        print(f"\n1,000,000 opens of one campaign, {run.requests:,} requests; peak memory {run.peak_mb:.0f} MB;")
        print(f"{run.state_messages:,} STATE messages, {run.state_bytes:,} bytes in all; {run.seconds:.0f} seconds")


if __name__ == "__main__":
    main()
