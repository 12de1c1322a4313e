"""With a start date a sync costs what is kept: no mail from before it is read to be dropped again."""

import pytest

from integration_tests.in_process import read_here as read
from integration_tests.tables import assert_all_there
from sandbox import Sandbox
from sandbox.world.times import DAY, wire_time


@pytest.mark.parametrize("mode", ["full_refresh", "incremental"])
@pytest.mark.parametrize("days", [0.5, 2, 6, 20])
@pytest.mark.parametrize("stream", ["sends", "transactional_mails"])
def test_mails_since_a_start_date_cost_their_own_pages_and_one_more(stream: str, days: float, mode: str) -> None:
    """Also where the engagement window is longer, in which mails are read again."""
    with Sandbox(
        version="v8",
        campaigns=12,
        seed=5,
        opens=40,
        in_window=4,
        sent_only=True,
        shuffle_ties=False,
        database="postgresql",
    ) as sandbox:
        start = wire_time(int(sandbox.store.now - days * DAY))
        config = sandbox.config(start_date=start, engagement_window_days=14, max_parallel_requests=1)
        first = read(sandbox, ["email_lists", stream], config, mode)
        kept = len(sandbox.truth(stream, start_date=start))
        assert kept < len(sandbox.truth(stream))
        assert_all_there(first, sandbox, [stream], start_date=start)
        asked = [request for request in sandbox.requests if request.kind == stream]
        assert len(asked) <= kept // 15 + 2
        if mode == "incremental":
            sandbox.reset_stats()
            assert read(sandbox, ["email_lists", stream], config, mode, first.state).exit_code == 0
            asked = [request for request in sandbox.requests if request.kind == stream]
            assert len(asked) <= kept // 15 + 2
