"""Whether a text says where: EWKT with a reference system that is known and a shape that can be read."""

import re
from functools import lru_cache

import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

EWKT = re.compile(r"SRID=([0-9]{1,9});(.+)", re.DOTALL)
DEEPEST = 32
"""Shapes within shapes; the reader behind knows no end."""


def fault(place: str) -> str | None:
    """What is wrong with a place; nothing if it can be found."""
    parts = EWKT.fullmatch(place)
    if parts is None:
        return "is not EWKT, such as SRID=4326;POINT (1 2)"
    srid, shape = parts.groups()
    if not _known(int(srid)):
        return f"names no known reference system: {srid}"
    if _depth(shape) > DEEPEST:
        return f"has brackets more than {DEEPEST} deep"
    try:
        shapely.from_wkt(shape)
    except (shapely.errors.ShapelyError, ValueError) as error:
        return f"is no shape that can be read: {error}"
    return None


@lru_cache(maxsize=1000)
def _known(srid: int) -> bool:
    try:
        CRS.from_epsg(srid)
    except CRSError:
        return False
    return True


def _depth(shape: str) -> int:
    deepest = depth = 0
    for letter in shape:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        deepest = max(deepest, depth)
    return deepest
