import io
import tarfile
from pathlib import Path

import brotli
import pytest

from runs.engine.browser import find, install
from runs.engine.browser.find import NoBrowser, cache_directory, find_browser


def program(path: Path, answer: str = "echo Chromium 156.0.1.2") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{answer}\n")
    path.chmod(0o755)
    return path


def test_the_configured_browser_comes_first(tmp_path: Path) -> None:
    mine = program(tmp_path / "mine")
    program(tmp_path / "bin" / "chromium")
    found = find_browser({"SENTRI_BROWSER_PATH": str(mine), "PATH": str(tmp_path / "bin")})
    assert (found.path, found.origin, found.version) == (mine, "configured", "156.0.1.2")


def test_a_configured_path_that_is_no_browser_is_said_and_not_replaced(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "chromium")
    with pytest.raises(NoBrowser, match="SENTRI_BROWSER_PATH is /nowhere"):
        find_browser({"SENTRI_BROWSER_PATH": "/nowhere", "PATH": str(tmp_path / "bin")})


def test_playwrights_newest_headless_shell_comes_before_the_system(tmp_path: Path) -> None:
    for revision in ("1240", "1248"):
        program(tmp_path / f"chromium_headless_shell-{revision}" / "linux64" / "chrome-headless-shell")
    found = find_browser({"PLAYWRIGHT_BROWSERS_PATH": str(tmp_path), "PATH": ""})
    assert found.origin == "playwright"
    assert found.kind == "headless-shell"
    assert "1248" in str(found.path)


def test_a_program_that_does_not_start_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "SYSTEM_PATHS", ())
    program(tmp_path / "bin" / "chromium", "echo please install the snap >&2; exit 1")
    google = program(tmp_path / "bin" / "google-chrome", "echo Google Chrome 155.0.7 stable")
    found = find_browser({"PATH": str(tmp_path / "bin")}, origins=["system"])
    assert (found.path, found.version, found.kind) == (google, "155.0.7", "chromium")


def test_nothing_found_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoBrowser, match=r"bin/serve.*SENTRI_BROWSER_PATH"):
        find_browser({"SENTRI_CACHE_DIR": str(tmp_path)}, origins=["unpacked"])


def test_installing_says_all_that_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise install.NotHere("no network")

    monkeypatch.setattr(install, "WAYS", {"one": ("system", refuse), "two": ("system", refuse)})
    with pytest.raises(NoBrowser, match=r"tried one \(no network\), two \(no network\)\. Install Chromium"):
        install.install_browser()


def archive_of(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def package(path: Path, libraries: dict[str, bytes]) -> Path:
    parts = {
        "package/bin/al2023.tar.br": archive_of(libraries),
        "package/bin/fonts.tar.br": archive_of({"fonts/a.ttf": b"font"}),
        "package/bin/swiftshader.tar.br": archive_of({"libEGL.so": b"egl"}),
        "package/bin/chromium.br": b"#!/bin/sh\necho Chromium 153.0.8010.0\n",
    }
    path.write_bytes(archive_of({name: brotli.compress(data) for name, data in parts.items()}))
    return path


def test_a_package_is_unpacked_into_a_browser_that_is_then_found(tmp_path: Path) -> None:
    (tmp_path / "browser").mkdir()
    archive = package(tmp_path / "browser" / "chromium.tgz", {"lib/libnss3.so": b"nss"})
    install.unpack(archive, tmp_path / "browser" / "chromium-153.0.0")
    found = find_browser({"SENTRI_CACHE_DIR": str(tmp_path)}, origins=["unpacked"])
    assert found.version == "153.0.8010.0"
    assert found.kind == "headless-shell"
    assert (Path(found.env["LD_LIBRARY_PATH"]) / "libnss3.so").read_bytes() == b"nss"


def test_a_package_cannot_write_outside_its_directory(tmp_path: Path) -> None:
    archive = package(tmp_path / "chromium.tgz", {"../../../escaped": b"x"})
    with pytest.raises(install.NotHere, match="no plain file"):
        install.unpack(archive, tmp_path / "chromium-153.0.0")


def test_a_package_cannot_hold_a_link(tmp_path: Path) -> None:
    entry = tarfile.TarInfo("link")
    entry.type, entry.linkname = tarfile.SYMTYPE, "/etc"
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(entry)
    content.seek(0)
    with tarfile.open(fileobj=content) as archive, pytest.raises(install.NotHere, match="no plain file"):
        install.extract(archive, tmp_path)


def test_the_cache_lies_in_the_project_unless_said_otherwise() -> None:
    assert cache_directory({"SENTRI_CACHE_DIR": "/x"}) == Path("/x")
    assert (cache_directory({}).parent / "manage.py").exists()
