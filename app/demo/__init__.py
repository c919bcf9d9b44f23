"""Builds the demo world: a real repository, a real MLflow store, and a trainer that goes on logging.

The world is an ordinary project that quarterdeck opens through its settings file. Imports nothing heavy: MLflow
is loaded in processes of its own (`runs.py`, `trainer.py`).
"""

from __future__ import annotations

from .build import DemoError, build, is_built
from .detached import start_trainer, stop_trainer
from .pipelines import run_past, start_pipeline
from .promotions import write_ledger

__all__ = [
    "DemoError", "build", "is_built", "run_past", "start_pipeline", "start_trainer", "stop_trainer", "write_ledger",
]  # fmt: skip
