"""What each command of the command line does: from parsed arguments to a JSON document and lines.

Each command imports what it needs, so that `cnnzoo --help` and `cnnzoo list` need no TensorFlow.
"""

from typing import Any

Answer = tuple[Any, list[str]]  # The JSON document, and the same as lines of text.
