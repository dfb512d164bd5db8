"""One tiny bundle and one session for all tests of the runtime."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ltxdsl.models import ModelSet, load_model_set
from ltxdsl.models.settings import EMBEDDED
from ltxdsl.runtime.session import Session
from ltxdsl.runtime.tiny import ensure

from .helpers import Runner


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> ModelSet:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    built = msgspec.structs.replace(load_model_set(EMBEDDED), folder=str(folder))
    ensure(built)
    return built


@pytest.fixture(scope="session")
def shared_session(models: ModelSet) -> Session:
    return Session(models, device="cpu")


@pytest.fixture
def session(shared_session: Session, tmp_path: Path) -> Iterator[Session]:
    """The shared session with the hooks of a fresh one."""
    fresh = Session(shared_session.models, device="cpu")
    shared_session.progress, shared_session.recall = fresh.progress, fresh.recall
    shared_session.remember, shared_session.cross_modulation = fresh.remember, fresh.cross_modulation
    shared_session.scratch = lambda suffix: tmp_path / f"written{suffix}"
    return shared_session


@pytest.fixture
def run(session: Session) -> Runner:
    return Runner(session)
