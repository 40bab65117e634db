"""How a tile is named in a URL, in its one canonical spelling (C2SP tlog-tiles)."""

import re
from dataclasses import dataclass
from typing import Final

from counterfoil.errors import MalformedTilePathError
from counterfoil.merkle.bounds import MAX_TREE_SIZE
from counterfoil.merkle.tile_geometry import MAX_TILE_LEVEL, TILE_WIDTH, TileId

# Seven groups of three digits hold the largest tree size; no tile's name is longer.
_LONGEST_PATH: Final = len("63/x001/x002/x003/x004/x005/x006/007.p/255")
_PATH: Final = re.compile(r"([0-9]{1,2})/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,3}))?")
_ENTRIES: Final = "entries/"


@dataclass(frozen=True, slots=True)
class TilePath:
    """A tile and how many of its hashes are meant; 256 is the full tile.

    Raises:
        ValueError: no tile has that width.
    """

    tile: TileId
    width: int

    def __post_init__(self) -> None:
        if not 1 <= self.width <= TILE_WIDTH:
            raise ValueError(f"no tile has {self.width} hashes")


def parse_tile_path(text: str) -> TilePath:
    """Read ``<L>/<N>`` or ``<L>/<N>.p/<W>``.

    Raises:
        MalformedTilePathError: the text is not the one canonical spelling of a tile.

    C2SP tlog-tiles, "Merkle Tree".
    """
    match = _PATH.fullmatch(text) if len(text) <= _LONGEST_PATH else None
    if match is None:
        raise MalformedTilePathError("the path is not <L>/<N> or <L>/<N>.p/<W>")
    level, groups, partial = match.groups()
    index, width = int(groups.replace("/x", "").replace("x", "").replace("/", "")), int(partial or TILE_WIDTH)
    if int(level) > MAX_TILE_LEVEL or index > MAX_TREE_SIZE or not 1 <= width <= TILE_WIDTH:
        raise MalformedTilePathError(f"no tile has level {level}, index {index} and width {width}")
    path = TilePath(TileId(int(level), index), width)
    # Caches and mirrors key on the text: a second spelling of a tile would be a second tile to them.
    if format_tile_path(path) != text:
        raise MalformedTilePathError("the path is not in its canonical spelling")
    return path


def parse_entries_path(text: str) -> TilePath:
    """Read ``entries/<N>`` or ``entries/<N>.p/<W>``, the bundle of entries under a tile of level 0.

    Raises:
        MalformedTilePathError: the text is not the one canonical spelling of a bundle.

    C2SP tlog-tiles, "Log Entries".
    """
    if not text.startswith(_ENTRIES):
        raise MalformedTilePathError("the path is not entries/<N> or entries/<N>.p/<W>")
    return parse_tile_path("0/" + text.removeprefix(_ENTRIES))


def format_tile_path(path: TilePath) -> str:
    """The canonical spelling of a tile.

    C2SP tlog-tiles, "Merkle Tree".
    """
    digits = str(path.tile.index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[place : place + 3] for place in range(0, len(digits), 3)]
    number = "".join(f"x{group}/" for group in groups[:-1]) + groups[-1]
    partial = "" if path.width == TILE_WIDTH else f".p/{path.width}"
    return f"{path.tile.level}/{number}{partial}"
