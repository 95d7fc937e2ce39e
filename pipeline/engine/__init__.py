"""What the newsroom does: it accepts, fans out, waits for the gate, releases, follows and looks."""

from pipeline.engine.engine import Attempt, Clock, ColumnLine, Draft, Engine, Piece, SystemClock, Unfit

__all__ = ["Attempt", "Clock", "ColumnLine", "Draft", "Engine", "Piece", "SystemClock", "Unfit"]
