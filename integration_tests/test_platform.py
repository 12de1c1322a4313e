"""What a platform can draw of a sync, as the process tells it on stdout."""

from sandbox import Sandbox
from sandbox.connector import CORE_STREAMS, STREAMS, read

SOON = {"source_mailcoach.messages.platform.SILENT_WAIT": 0.5}


def test_while_a_limit_is_waited_out_the_stream_is_rate_limited_until_the_next_window() -> None:
    with Sandbox(campaigns=12, seed=3, opens=20, sent_only=True, rate_limit=40, rate_window_seconds=2) as sandbox:
        result = read(sandbox, CORE_STREAMS, changes=SOON)
    traces = [message["trace"] for message in result.of_type("TRACE") if message["trace"]["type"] == "STREAM_STATUS"]
    at = [index for index, trace in enumerate(traces) if trace["stream_status"].get("reasons")]
    assert at
    for index in at:
        limited, after = traces[index], traces[index + 1]
        (reason,) = limited["stream_status"]["reasons"]
        assert reason["type"] == "RATE_LIMITED"
        assert limited["stream_status"]["status"] == after["stream_status"]["status"] == "RUNNING"
        assert limited["stream_status"]["stream_descriptor"] == after["stream_status"]["stream_descriptor"]
        assert not after["stream_status"].get("reasons")
        # It is said before the wait, and the time that it names is that of the end.
        assert limited["emitted_at"] < reason["rate_limited"]["quota_reset"] <= after["emitted_at"] + 1000


def test_each_stream_has_an_estimate_of_what_it_will_emit_which_is_right_at_its_end() -> None:
    with Sandbox(campaigns=8, seed=3, opens=40, sent_only=True) as sandbox:
        result = read(sandbox, STREAMS)
    estimates = [m["trace"]["estimate"] for m in result.of_type("TRACE") if m["trace"]["type"] == "ESTIMATE"]
    last = {estimate["name"]: estimate for estimate in estimates}
    assert last.keys() == set(STREAMS)
    assert len(estimates) <= 5 * len(STREAMS)
    for stream in STREAMS:
        records = result.records(stream)
        size = sum(len(str(record)) for record in records)
        assert abs(last[stream]["row_estimate"] - len(records)) <= 0.2 * last[stream]["row_estimate"] + 1, stream
        assert size / 2 <= last[stream]["byte_estimate"] <= 2 * size or not records, stream
