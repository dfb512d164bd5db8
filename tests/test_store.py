"""The store: whole entries or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ltxdsl.store import MANIFEST, Store, copy_into_place, write_into_place

KEY = "ab" + "0" * 62


def put(store: Store, text: str = "hello") -> None:
    def write(folder: Path) -> dict:
        (folder / "result.txt").write_text(text)
        return {"n": 1}

    store.put(KEY, "a step", write, 1.5)


def test_what_is_put_comes_back(tmp_path):
    store = Store(tmp_path)
    assert store.manifest(KEY) is None
    put(store)
    found = store.verified(KEY)
    assert found is not None
    assert (found.label, found.meta, found.seconds) == ("a step", {"n": 1}, 1.5)
    assert (store.entry(KEY) / "result.txt").read_text() == "hello"


def test_a_failed_write_leaves_nothing(tmp_path):
    store = Store(tmp_path)

    def write(folder: Path) -> dict:
        (folder / "result.txt").write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError):
        store.put(KEY, "a step", write)
    assert store.manifest(KEY) is None
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


@pytest.mark.parametrize("damage", ["shorten", "flip", "remove", "manifest"])
def test_damage_is_seen(tmp_path, damage: str):
    store = Store(tmp_path)
    put(store)
    file = store.entry(KEY) / "result.txt"
    match damage:
        case "shorten":
            file.write_text("hell")
        case "flip":
            file.write_text("hellO")
        case "remove":
            file.unlink()
        case "manifest":
            (store.entry(KEY) / MANIFEST).write_text("{")
    assert store.verified(KEY) is None
    put(store, "again")
    assert store.verified(KEY) is not None


def test_two_writers_of_one_key(tmp_path):
    store, other = Store(tmp_path), Store(tmp_path)

    def write(folder: Path) -> dict:
        put(other)
        (folder / "result.txt").write_text("hello")
        return {"n": 1}

    store.put(KEY, "a step", write)
    assert store.verified(KEY) is not None


def test_files_are_replaced_whole(tmp_path, monkeypatch):
    target = tmp_path / "out.txt"
    write_into_place(target, "one")
    source = tmp_path / "source"
    source.write_text("two")
    monkeypatch.setattr("shutil.copyfile", lambda a, b: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError):
        copy_into_place(source, target)
    assert target.read_text() == "one"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.txt", "source"]
