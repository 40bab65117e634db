import pytest

from counterfoil.errors import MalformedTilePathError
from counterfoil.merkle.tiles import TileId, TilePath, format_tile_path, parse_entries_path, parse_tile_path

KNOWN = [
    ("0/000", 0, 0, 256),
    ("0/001", 0, 1, 256),
    ("0/999", 0, 999, 256),
    ("0/x001/000", 0, 1000, 256),
    ("0/x001/x234/067", 0, 1234067, 256),
    ("1/x010/x000/000", 1, 10_000_000, 256),
    ("7/000.p/1", 7, 0, 1),
    ("63/x001/234.p/255", 63, 1234, 255),
    ("0/042.p/10", 0, 42, 10),
    ("0/x009/x223/x372/x036/x854/x775/807", 0, 2**63 - 1, 256),
]

# Everything that is not the one spelling: signs, spaces, escapes, other digits, wrong grouping, bounds.
MALFORMED = [
    "",
    "0",
    "0/",
    "/000",
    "000",
    "0/0",
    "0/00",
    "0/0000",
    "0/1234",
    "0/x001",
    "0/x001/",
    "0/x000/001",
    "0/x000/000",
    "0/x000/x001/000",
    "0/001/000",
    "0/X001/000",
    "0/x1/000",
    "0/x0001/000",
    "0/x001/x000",
    "0/x001//000",
    "00/000",
    "01/000",
    "64/000",
    "99/000",
    "100/000",
    "-1/000",
    "+1/000",
    "a/000",
    "0/abc",
    "0/-01",
    "0/+01",
    "0/ 01",
    "0/0_1",
    "0/0x1",
    "0/1e3",
    "0/000.p/0",
    "0/000.p/256",
    "0/000.p/257",
    "0/000.p/999",
    "0/000.p/1000",
    "0/000.p/01",
    "0/000.p/001",
    "0/000.p/",
    "0/000.p",
    "0/000.P/1",
    "0/000p/1",
    "0/000.p/-1",
    "0/000.p/1/2",
    "0/000.p/1.p/1",
    "0/x001.p/1/000",
    "../000",
    "0/..",
    "0/../0/000",
    "0/%30%30%30",
    " 0/000",
    "0/000 ",
    "0/000\n",
    "\n0/000",
    "0/000\x00",
    "0\\000",
    "0/\u0660\u0660\u0660",
    "\u0660/000",
    "0/\uff10\uff10\uff11",
    "0/000.p/\uff11",
    "0/\u00b200",
    "tile/0/000",
    "data/000",
    "0/x009/x223/x372/x036/x854/x775/808",
    "0/x010/x000/x000/x000/x000/x000/000",
    "0/x001/x000/x000/x000/x000/x000/x000/000",
    "0/" + "x001/" * 10_000 + "000",
    "9" * 10_000 + "/000",
    "0/000.p/" + "9" * 10_000,
]


@pytest.mark.parametrize(("text", "level", "index", "width"), KNOWN)
def test_known_paths_both_ways(text: str, level: int, index: int, width: int) -> None:
    path = TilePath(TileId(level, index), width)
    assert parse_tile_path(text) == path
    assert format_tile_path(path) == text


@pytest.mark.parametrize("text", MALFORMED, ids=lambda text: ascii(text[:40]))
def test_every_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(MalformedTilePathError):
        parse_tile_path(text)


@pytest.mark.parametrize(
    ("text", "index", "width"),
    [("entries/000", 0, 256), ("entries/x001/x234/067", 1234067, 256), ("entries/003.p/17", 3, 17)],
)
def test_entry_bundles_lie_under_tiles_of_level_0(text: str, index: int, width: int) -> None:
    assert parse_entries_path(text) == TilePath(TileId(0, index), width)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "entries",
        "entries/",
        "entries/0",
        "entries/0/000",
        "entries/1/000",
        "entries/x000/001",
        "entries/entries/000",
        "entries/../000",
        "entries/000.p/0",
        "entries/000.p/256",
        "Entries/000",
        "/entries/000",
        " entries/000",
        "entries/000\n",
        "entries//000",
        "0/000",
        "000",
    ],
)
def test_what_names_no_entry_bundle(text: str) -> None:
    with pytest.raises(MalformedTilePathError):
        parse_entries_path(text)


@pytest.mark.parametrize("width", [0, -1, 257])
def test_no_tile_of_such_a_width(width: int) -> None:
    with pytest.raises(ValueError, match="no tile has"):
        TilePath(TileId(0, 0), width)
