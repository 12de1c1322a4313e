"""What `make` installs, seen from a package index that has more to offer than the lock names: the lock alone."""

import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# What `python -m venv` itself puts into an environment.
OF_PYTHON = {"pip", "setuptools"}

PYPROJECT = """
[build-system]
requires = ["backend"]
build-backend = "backend"

[project]
name = "project"
version = "1"
dependencies = ["alpha"]
"""


def wheel(name: str, version: str, metadata: Sequence[str] = (), module: str = "") -> tuple[str, bytes]:
    """The name and the bytes of a wheel with one module."""
    info = f"{name}-{version}.dist-info"
    head = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *metadata]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(f"{name}.py", module)
        archive.writestr(f"{info}/METADATA", "\n".join(head) + "\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return f"{name}-{version}-py3-none-any.whl", content.getvalue()


def backend(version: str) -> tuple[str, bytes]:
    """A build backend that makes the project's wheel."""
    name, content = wheel("project", "1", ["Requires-Dist: alpha"])
    lines = [
        "from pathlib import Path",
        "def build_editable(folder, *_):",
        f"    Path(folder, {name!r}).write_bytes({content!r})",
        f"    return {name!r}",
    ]
    return wheel("backend", version, module="\n".join(lines))


# An extra brings a package in twice, by two names, and of each package there is a release that the lock doesn't know.
RELEASES = dict(
    [
        wheel("alpha", "1", ["Requires-Dist: beta[more]"]),
        wheel("alpha", "2", ["Requires-Dist: delta"]),
        *(wheel("beta", v, ["Provides-Extra: more", 'Requires-Dist: gamma; extra == "more"']) for v in ("1", "2")),
        wheel("gamma", "1"),
        wheel("gamma", "2"),
        wheel("delta", "1"),
        backend("1"),
        backend("2"),
    ]
)
LOCKED = [f"{name}-1-py3-none-any.whl" for name in ("alpha", "backend", "beta", "gamma")]


class Index(ThreadingHTTPServer):
    """A package index on loopback that notes what it is asked for."""

    daemon_threads = True

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.files = files
        self.packages: set[str] = set()
        self.downloads: list[str] = []
        self.asked_for_a_file = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()


class Answers(BaseHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        *_, folder, name = self.path.strip("/").split("/")
        if folder == "simple":
            self.server.packages.add(name)
            files = [file for file in self.server.files if file.startswith(f"{name}-")]
            body = "".join(f'<a href="/files/{file}">{file}</a>\n' for file in files).encode()
        else:
            self.server.downloads.append(name)
            self.server.asked_for_a_file.set()
            self.server.may_answer.wait(60)
            body = self.server.files[name]
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/html" if folder == "simple" else "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Checkout:
    """A project with our Makefile and a lock of its own, that knows no index but the one on loopback."""

    def __init__(self, folder: Path, index: Index) -> None:
        self.folder = folder
        self.index = index
        shutil.copy(ROOT / "Makefile", folder)
        (folder / "pyproject.toml").write_text(PYPROJECT)
        # Neither settings of this machine's pip nor variables of a make that runs the tests.
        others = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "MAKE", "VENV"))}
        self.environment = {
            **others,
            "NO_PROXY": "127.0.0.1",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": f"http://127.0.0.1:{index.server_port}/simple/",
            "PIP_NO_CACHE_DIR": "1",
            "PIP_RETRIES": "0",
        }

    def lock(self, files: Sequence[str]) -> None:
        lines = []
        for file in files:
            name, version = file.removesuffix(".tar.gz").split("-")[:2]
            lines.append(f"{name}=={version} --hash=sha256:{hashlib.sha256(self.index.files[file]).hexdigest()}")
        (self.folder / "requirements-dev.lock").write_text("\n".join(lines) + "\n")

    def start_make_venv(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            ["make", "venv", f"PYTHON={sys.executable}"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def make_venv(self) -> tuple[int, str]:
        """The exit code, and what was said."""
        with self.start_make_venv() as make:
            said, _ = make.communicate(timeout=120)
        return make.returncode, said

    def installed(self) -> set[str]:
        folders = self.folder.glob(".venv/lib/python*/site-packages/*.dist-info")
        packages = {folder.name.removesuffix(".dist-info") for folder in folders}
        return {package for package in packages if package.split("-")[0] not in OF_PYTHON}


@pytest.fixture
def index() -> Iterator[Index]:
    with Index(dict(RELEASES)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.may_answer.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def checkout(tmp_path: Path, index: Index) -> Checkout:
    return Checkout(tmp_path, index)


def test_later_releases_change_nothing(checkout: Checkout, index: Index) -> None:
    checkout.lock(LOCKED)
    code, said = checkout.make_venv()
    assert code == 0, said
    assert checkout.installed() == {"alpha-1", "backend-1", "beta-1", "gamma-1", "project-1"}
    assert sorted(index.downloads) == LOCKED
    assert index.packages == {"alpha", "backend", "beta", "gamma"}


def test_what_the_lock_lacks_is_said_and_not_fetched(checkout: Checkout, index: Index) -> None:
    checkout.lock(["alpha-1-py3-none-any.whl", "backend-1-py3-none-any.whl"])
    code, said = checkout.make_venv()
    assert code != 0
    assert "alpha 1 requires beta, which is not installed" in said
    assert index.packages == {"alpha", "backend"}
    assert not (checkout.folder / ".venv/dependencies").exists(), "the next make would take it for done"


def test_a_package_without_a_wheel_is_refused_since_the_lock_has_not_what_builds_it(
    checkout: Checkout, index: Index
) -> None:
    index.files = {"alpha-1.tar.gz": b"never unpacked", **{file: RELEASES[file] for file in LOCKED[1:]}}
    checkout.lock(["alpha-1.tar.gz", *LOCKED[1:]])
    code, said = checkout.make_venv()
    assert code != 0
    assert "No matching distribution found for alpha==1" in said
    assert "alpha-1.tar.gz" not in index.downloads


def test_an_install_that_was_interrupted_is_made_anew(checkout: Checkout, index: Index) -> None:
    checkout.lock(LOCKED)
    index.may_answer.clear()
    with checkout.start_make_venv() as make:
        assert index.asked_for_a_file.wait(60)
        os.killpg(make.pid, signal.SIGKILL)
    index.may_answer.set()
    code, said = checkout.make_venv()
    assert code == 0, said
    assert checkout.installed() == {"alpha-1", "backend-1", "beta-1", "gamma-1", "project-1"}


def test_an_older_environment_is_replaced_when_the_lock_changes(checkout: Checkout) -> None:
    older = checkout.folder / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(older)], check=True)
    (packages,) = older.glob("lib/python*/site-packages")
    (packages / "delta-1.dist-info").mkdir()
    (older / "dependencies").touch()
    (older / "project").touch()
    checkout.lock(LOCKED)
    code, said = checkout.make_venv()
    assert code == 0, said
    assert checkout.installed() == {"alpha-1", "backend-1", "beta-1", "gamma-1", "project-1"}
