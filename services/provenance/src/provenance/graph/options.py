"""What is told of a graph store beside its address; known without the driver, which takes memory that not everybody needs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Neo4jOptions:
    """What beside its address is told of a server."""

    user: str = "neo4j"
    password: str = ""
    database: str = "neo4j"
    reading: float = 10.0
    """Seconds that the server gives a reading transaction."""
    writing: float = 120.0
    """Seconds that it gives a writing one."""
    patience: float = 10.0
    """Seconds in which what passes is tried again before it counts as trouble."""
    pool: int = 50
