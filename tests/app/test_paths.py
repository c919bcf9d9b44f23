"""Folders of our own: where XDG says, and closed to others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from quarterdeck.app import paths
from quarterdeck.app.errors import StoreError


def test_folders_stand_where_xdg_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, place in (("CONFIG", paths.config_dir), ("CACHE", paths.cache_dir), ("STATE", paths.state_dir)):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
        assert place() == tmp_path / name / "quarterdeck"


def test_a_runtime_folder_that_others_may_enter_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert not paths.runtime_dir().is_relative_to(tmp_path)


def test_a_private_folder_is_private_all_the_way_down(tmp_path: Path) -> None:
    made = paths.make_private(tmp_path / "a" / "b")
    assert [path.stat().st_mode & 0o777 for path in (made.parent, made)] == [0o700, 0o700]


def test_a_folder_left_open_is_closed(tmp_path: Path) -> None:
    (tmp_path / "quarterdeck").mkdir(mode=0o755)
    assert paths.make_private(tmp_path / "quarterdeck").stat().st_mode & 0o777 == 0o700


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        paths.make_private(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o700)
    os.chown(tmp_path / "theirs", 65534, 65534)
    with pytest.raises(StoreError, match="another user"):
        paths.make_private(tmp_path / "theirs")


def test_a_folder_that_the_user_chose_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "everybodys").mkdir(mode=0o755)
    assert paths.make_private(tmp_path / "everybodys").stat().st_mode & 0o777 == 0o755
