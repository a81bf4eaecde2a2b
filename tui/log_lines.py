"""The lines of a log in little memory: a million of them, packed, any of them at hand. No Textual in here.

Lines have numbers that never change: what comes goes up from the first read one, what is older goes down from it. They
lie in blocks of about a thousand, packed once they are full: 5 to 20 bytes a line of usual output.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine.events import LogLine
from tui.sgr import PLAIN, look_after, sequence, visible

Entry = tuple[str, int, LogLine]
"""The id of a task, its attempt, and a line that this wrote."""
BLOCK = 1_024
"""Lines in one block."""
BLOCK_CHARACTERS = 512 * 1024
"""Characters after which a block is full too."""
LIMIT = 1_000_000
"""Lines that are held; of more the oldest go."""
PACKED_LIMIT = 128 * 2**20
"""Bytes of packed text that are held."""
UNPACKED = 8
"""Packed blocks whose text is held for a while after it was looked at."""
LONGEST = 16_384
"""Characters of one line that are drawn; the engine makes no longer ones, but an import may bring them."""
HEAD = "head"
"""The stream of lines of our own: the number of an attempt, a gap."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `at` epoch seconds, `text` foreign, without line ends."""

    task_id: str
    attempt: int
    at: float
    stream: str
    text: str


def shown(text: str) -> str:
    """What of a line is drawn: all, or the beginning and how much there is more."""
    more = len(text) - LONGEST
    return text if more <= 0 else f"{text[:LONGEST]}… {more:,} characters more, the pager shows them"


def width_of(text: str) -> int:
    """The cells that `text` takes when drawn; negative where some characters take more or less than one."""
    if text.isascii() and text.isprintable():
        return len(text)
    seen = visible(text)
    if seen.isascii():
        return len(seen)
    from rich.cells import cell_len

    cells = cell_len(seen)
    return cells if cells == len(seen) and not _has_uneven(seen) else -max(cells, 1)


def _has_uneven(text: str) -> bool:
    """Whether wide and zero-width characters make up for each other."""
    from rich.cells import get_character_cell_size

    return any(letter > "\u02ff" and get_character_cell_size(letter) != 1 for letter in text)


def height(width: int, room: int) -> int:
    """Rows of a line of `width` cells (see `width_of`) in rows of `room`; wide characters may leave a cell free."""
    if -room <= width <= room:
        return 1
    return -(-width // room) if width > 0 else -(width // max(room - 1, 1))


class Block:
    """Some lines in a row; `first` is the number of the first one."""

    __slots__ = (
        "_counted",
        "_packed",
        "_rows",
        "_texts",
        "_total",
        "at",
        "characters",
        "first",
        "room",
        "sources",
        "streams",
        "widths",
    )

    def __init__(self, first: int) -> None:
        self.first = first
        self.at = array("d")
        self.sources: list[tuple[str, int]] = []
        self.streams: list[str] = []
        self.widths = array("i")
        self.characters = 0
        self.room = 0
        """The width for which `_rows` are."""
        self._rows = array("q")
        self._total = (0, 0)
        """A width and how many rows that makes."""
        self._counted: tuple[array[int], array[int]] | None = None
        """Of a full block the widths that there are, and of how many lines each is."""
        self._texts: list[str] | None = []
        self._packed = b""

    def __len__(self) -> int:
        return len(self.at)

    @property
    def is_full(self) -> bool:
        return len(self.at) >= BLOCK or self.characters >= BLOCK_CHARACTERS

    @property
    def size(self) -> int:
        return len(self._packed)

    def add(self, source: tuple[str, int], at: float, stream: str, text: str) -> None:
        assert self._texts is not None
        self._texts.append(text)
        self.at.append(at)
        self.sources.append(source)
        self.streams.append(stream)
        self.widths.append(width_of(shown(text)))
        self.characters += len(text)
        self.room, self._total = 0, (0, 0)

    def pack(self) -> None:
        """Give up the texts for their packed form; what is often the same is kept once."""
        if self._texts is not None and not self._packed:
            self._packed = zlib.compress("\n".join(self._texts).encode("utf-8", "surrogatepass"), 1)
        self._texts = None
        if self.sources and self.sources[0] == self.sources[-1] and len(set(self.sources)) == 1:
            self.sources = [self.sources[0]]
        if self.streams and len(set(self.streams)) == 1:
            self.streams = [self.streams[0]]
        if self._counted is None:
            counted = Counter(self.widths)
            self._counted = array("i", counted), array("i", counted.values())

    def unpacked(self) -> list[str]:
        """The texts; another thread may ask too."""
        texts = self._texts
        return (
            texts if texts is not None else zlib.decompress(self._packed).decode("utf-8", "surrogatepass").split("\n")
        )

    def hold(self) -> None:
        self._texts = self.unpacked()

    @property
    def is_held(self) -> bool:
        return self._texts is not None

    def source(self, index: int) -> tuple[str, int]:
        return self.sources[index if len(self.sources) > 1 else 0]

    def stream(self, index: int) -> str:
        return self.streams[index if len(self.streams) > 1 else 0]

    def total(self, room: int) -> int:
        """How many rows of `room` cells there are, at a tenth of the cost of `rows`."""
        if self._total[0] != room:
            if self._counted is None:
                total = sum(height(width, room) for width in self.widths)
            else:
                total = sum(height(width, room) * count for width, count in zip(*self._counted, strict=True))
            self._total = (room, total)
        return self._total[1]

    def rows(self, room: int) -> array[int]:
        """How many rows of `room` cells lie before each line, and last of all how many there are."""
        if self.room != room:
            total, sums = 0, array("q", (0,))
            for width in self.widths:
                total += 1 if -room <= width <= room else height(width, room)
                sums.append(total)
            self._rows, self.room = sums, room
        return self._rows


def parts_of(entries: Iterable[Entry]) -> Iterator[Entry]:
    """`entries`, of which a line with line ends inside becomes several."""
    for entry in entries:
        line = entry[2]
        if "\n" in line.text:
            for part in line.text.split("\n"):
                yield entry[0], entry[1], LogLine(line.at, line.stream, part)
        else:
            yield entry


def blocks_of(entries: Iterable[Entry]) -> list[Block]:
    """`entries` in packed blocks, not numbered yet; a page of 20,000 lines wants a thread."""
    lines = LogLines()
    lines.add(entries)
    for block in lines.blocks:
        block.pack()
    return list(lines.blocks)


class LogLines:
    """The lines from `first` to `end`; `passing` are those that the next text of their stream is written over."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.first = self.end = 0
        self.left_out = 0
        """Older lines that went to make room."""
        self.passing: dict[tuple[str, str], Line] = {}
        self._firsts: list[int] = []
        self._looks: dict[tuple[str, str], str] = {}
        """The colours that a stream left standing."""
        self._held: deque[Block] = deque()
        self._packed = 0

    def __len__(self) -> int:
        return self.end - self.first

    def add(self, entries: Iterable[Entry]) -> None:
        """Lines at the end; about 3 µs each."""
        for task_id, attempt, line in parts_of(entries):
            key = (task_id, line.stream)
            if line.is_passing:
                self.passing[key] = Line(task_id, attempt, line.at, line.stream, line.text[:-1])
                continue
            if self.passing:
                self.passing.pop(key, None)
            text = line.text
            before = self._looks.get(key, "") if self._looks else ""
            if "\x1b" in text or "\x9b" in text or before:
                text = self._coloured(key, before + text)
            self._add((task_id, attempt), line.at, line.stream, text)

    def _coloured(self, key: tuple[str, str], text: str) -> str:
        look = look_after(text)
        if look == PLAIN:
            self._looks.pop(key, None)
        else:
            self._looks[key] = sequence(look)
        return text

    def _add(self, source: tuple[str, int], at: float, stream: str, text: str) -> None:
        if not self.blocks or self.blocks[-1].is_full or not self.blocks[-1].is_held or self.blocks[-1].size:
            self._open()
        self.blocks[-1].add(source, at, stream, text)
        self.end += 1

    def _open(self) -> None:
        if self.blocks and not self.blocks[-1].size:
            self.blocks[-1].pack()
            self._packed += self.blocks[-1].size
        self.blocks.append(Block(self.end))
        self._firsts.append(self.end)
        while len(self) > LIMIT - BLOCK or (self._packed > PACKED_LIMIT and len(self.blocks) > 2):
            self._drop()

    def _drop(self) -> None:
        gone = self.blocks.pop(0)
        del self._firsts[0]
        self.first += len(gone)
        self.left_out += len(gone)
        self._packed -= gone.size

    @property
    def is_full(self) -> bool:
        """Whether nothing older may come."""
        return len(self) >= LIMIT - BLOCK or self._packed >= PACKED_LIMIT

    def put_before(self, blocks: Sequence[Block]) -> int:
        """Older lines (see `blocks_of`) at the front; how many they are."""
        count = sum(map(len, blocks))
        number = self.first - count
        self.first = number
        for block in blocks:
            block.first = number
            number += len(block)
            self._packed += block.size
        self.blocks[:0] = blocks
        self._firsts[:0] = [block.first for block in blocks]
        return count

    def block_of(self, number: int) -> tuple[int, Block]:
        """The block of a line, and which one it is. Raises IndexError for a line that is not here."""
        if not self.first <= number < self.end:
            raise IndexError(number)
        at = bisect_right(self._firsts, number) - 1
        return at, self.blocks[at]

    def line(self, number: int) -> Line:
        """Raises IndexError for a line that is not here."""
        _, block = self.block_of(number)
        if not block.is_held:
            block.hold()
            self._held.append(block)
            if len(self._held) > UNPACKED:
                self._held.popleft().pack()
        index = number - block.first
        task_id, attempt = block.source(index)
        return Line(task_id, attempt, block.at[index], block.stream(index), block.unpacked()[index])

    def width(self, number: int) -> int:
        _, block = self.block_of(number)
        return block.widths[number - block.first]

    def snapshot(self) -> list[Block]:
        """The blocks for another thread to read; only the last one may still grow."""
        return list(self.blocks)

    def attempt_of_first(self) -> int:
        """The attempt that the first line is of; 0 where there is none."""
        return self.blocks[0].source(0)[1] if self.blocks and len(self.blocks[0]) else 0


def lines_of(block: Block) -> Iterator[Line]:
    """Every line of a block; for threads."""
    count = len(block)
    for index, text in zip(range(count), block.unpacked(), strict=False):
        task_id, attempt = block.source(index)
        yield Line(task_id, attempt, block.at[index], block.stream(index), text)
