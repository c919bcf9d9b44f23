"""Builds the demo world: a real repository, a real MLflow store, and a trainer that goes on logging.

The world is an ordinary project that quarterdeck opens through its settings file. Imports nothing heavy: MLflow
is loaded in processes of its own (`runs.py`, `trainer.py`).
"""

from __future__ import annotations

from .build import DemoError, build, is_built
from .detached import start_trainer, stop_trainer

__all__ = ["DemoError", "build", "is_built", "start_trainer", "stop_trainer"]
