"""For all tests."""

import gc

import pytest


def pytest_collection_finish(session: pytest.Session) -> None:
    """Thousands of collected tests stay to the end: each collection of garbage would go through them."""
    gc.collect()
    gc.freeze()
