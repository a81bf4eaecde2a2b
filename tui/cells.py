"""Text in a column: cut or filled to a number of cells of the screen."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size


def fitted(text: str, cells: int) -> str:
    """`text` in exactly so many cells; what is cut ends with `…`. It was cleaned by the caller."""
    if cell_len(text) > cells:
        return set_cell_size(text, max(cells - 1, 0)) + ("…" if cells > 0 else "")
    return set_cell_size(text, cells)
