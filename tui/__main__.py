"""What the installed command `taskdeck`, and `python -m tui`, begin with."""

from __future__ import annotations

import sys

from tui.interrupts import end_at_once

end_at_once()  # before all else is imported, which takes a moment

from tui.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
