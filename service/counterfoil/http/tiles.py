"""The tree as tiles, for mirrors and auditors (C2SP tlog-tiles)."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from counterfoil.errors import TileAbsentError
from counterfoil.http.described import PROBLEMS, binary, problems
from counterfoil.http.media_types import OCTETS
from counterfoil.http.responses import IMMUTABLE, answer
from counterfoil.http.wiring import Service, Wired
from counterfoil.merkle.hashing import HASH_SIZE
from counterfoil.merkle.tiles import TILE_WIDTH, TilePath, parse_entries_path, parse_tile_path, tile_hashes, tile_width

router = APIRouter(tags=["tiles"], responses=PROBLEMS)

_LENGTH_PREFIX = HASH_SIZE.to_bytes(2, "big")

Level = Annotated[str, Path(json_schema_extra={"pattern": "^([0-9]|[1-5][0-9]|6[0-3])$"})]
TileName = Annotated[
    str,
    Path(
        description="For example 000, x001/234 or 000.p/7, as C2SP tlog-tiles spells it.",
        json_schema_extra={"pattern": r"^(x[0-9]{3}/){0,6}[0-9]{3}(\.p/[1-9][0-9]{0,2})?$"},
    ),
]


@router.get(
    "/tile/entries/{tile:path}",
    response_class=Response,
    responses={
        **binary(200, "For each entry its length, 32 in two bytes, and its statement hash.", OCTETS),
        **problems(404),
    },
)
def get_entry_bundle(service: Wired, tile: TileName) -> Response:
    """The entries under a tile of level 0. An entry of the tree is a statement hash, so this shows no content."""
    path = parse_entries_path(f"entries/{tile}")
    _require_there(service, path)
    entries = service.log.store.entries(path.tile.index * TILE_WIDTH, path.width)
    return answer(b"".join(_LENGTH_PREFIX + entry.statement_hash for entry in entries), OCTETS, IMMUTABLE)


@router.get(
    "/tile/{level}/{tile:path}",
    response_class=Response,
    responses={**binary(200, "The hashes of the tile, 32 bytes each.", OCTETS), **problems(404)},
)
def get_tile(service: Wired, level: Level, tile: TileName) -> Response:
    """The hashes of a tile: all 256 once it is full, or as many as the path asks for and the tree has."""
    path = parse_tile_path(f"{level}/{tile}")
    _require_there(service, path)
    size = service.log.head().tree.size
    return answer(tile_hashes(path.tile, size, service.log.store)[: path.width * HASH_SIZE], OCTETS, IMMUTABLE)


def _require_there(service: Service, path: TilePath) -> None:
    if tile_width(path.tile, service.log.head().tree.size) < path.width:
        raise TileAbsentError("the tree has not grown that far")
