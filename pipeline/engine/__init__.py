"""What the newsroom does: it accepts, fans out, waits for the gate, releases, follows and looks."""

from pipeline.engine.engine import ColumnLine, Draft, Engine, Piece, Unfit
from pipeline.engine.moment import Clock
from pipeline.engine.steps import Attempt

__all__ = ["Attempt", "Clock", "ColumnLine", "Draft", "Engine", "Piece", "Unfit"]
