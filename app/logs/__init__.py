"""What stands in a job's log: lines and their colours, steps and sections, the first error. Pure; bytes and text in."""

from .line import COLOURS as COLOURS
from .line import Line as Line
from .line import parse_line as parse_line
from .line import plain as plain
from .outline import Outline as Outline
from .outline import Section as Section
from .outline import outline as outline
from .scan import Mark as Mark
from .scan import Scanner as Scanner
from .search import Pattern as Pattern
from .search import compiled as compiled
