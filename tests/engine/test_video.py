from pathlib import Path

import pytest

from runs.engine.browser import video


def program(path: Path) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_ffmpeg_that_is_set_comes_before_that_of_the_system(tmp_path: Path) -> None:
    theirs, ours = program(tmp_path / "ffmpeg"), program(tmp_path / "mine")
    assert video.find_ffmpeg({"PATH": str(tmp_path)}) == theirs
    assert video.find_ffmpeg({"PATH": str(tmp_path), "SENTRI_FFMPEG_PATH": str(ours)}) == ours
    assert video.find_ffmpeg({"PATH": str(tmp_path), "SENTRI_FFMPEG_PATH": str(tmp_path / "gone")}) is None


def test_the_driver_is_led_to_it_unless_it_has_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, home = program(tmp_path / "mine"), tmp_path / "browsers"
    monkeypatch.setenv("SENTRI_FFMPEG_PATH", str(ours))
    monkeypatch.setenv("SENTRI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(home))
    for _ in range(2):
        added = video.environment()
        assert added is not None
        (link,) = Path(added["PLAYWRIGHT_BROWSERS_PATH"]).glob("ffmpeg-*/ffmpeg-*")
        assert link.resolve() == ours
    (home / link.parent.name).mkdir(parents=True)
    assert video.environment() == {}
