"""What every value of the project is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value: immutable, compared by its fields, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
