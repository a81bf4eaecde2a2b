"""Which editor of one line a row has: that of moments, of paths, of addresses, or the plain one."""

from __future__ import annotations

import re

from tui.forms.editors import LineInput
from tui.forms.moment_editor import KINDS, MomentInput
from tui.forms.path_editor import PathInput
from tui.forms.rows import Row

ADDRESSES = frozenset({"uri", "url", "iri"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


class AddressInput(LineInput):
    """An address; one without a scheme is sent, and said (forms.md 1.2)."""

    @property
    def aside(self) -> str:
        """What is said below."""
        return "has no scheme, like https://" if self.value and not _SCHEME.match(self.value) else ""


def line_editor_for(row: Row) -> type[LineInput]:
    """The editor for text of one line."""
    if row.kind in KINDS:
        return MomentInput
    if row.kind == "path":
        return PathInput
    return AddressInput if row.kind == "text" and row.format in ADDRESSES else LineInput
