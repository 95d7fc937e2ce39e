"""What every kind of channel promises, whoever wrote it."""

from __future__ import annotations

from pipeline.testing.contract.columns import Columns
from pipeline.testing.contract.content import Content
from pipeline.testing.contract.deeds import Deeds
from pipeline.testing.contract.doubt import Doubt
from pipeline.testing.contract.lateness import Lateness
from pipeline.testing.contract.machines import Machines
from pipeline.testing.contract.rebuilding import Rebuilding
from pipeline.testing.contract.trouble import Trouble


class ChannelContract(Deeds, Content, Columns, Doubt, Lateness, Machines, Rebuilding, Trouble):
    """Subclass it as `Test…` with a `channel` fixture and what `kind.Kind` asks for."""
