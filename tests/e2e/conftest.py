"""The builders of tiny input files (``tests/support``) are plain modules; test folders are no packages."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
