"""All tests in this folder need the image: `make image`, then `make test-image`."""

from pathlib import Path

import pytest

from integration_tests.image.container import IMAGE, docker

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.image_tests)


@pytest.fixture(scope="session", autouse=True)
def image() -> str:
    """The name of the image under test, which must have been built."""
    assert docker("image", "inspect", IMAGE).returncode == 0, f"there is no image {IMAGE}: run `make image` first"
    return IMAGE
