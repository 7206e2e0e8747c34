"""What is said to Neo4j. Every value travels as a parameter; the number of a depth is all that is ever put into a text.

    (:Node {key, id, category, subtype, `said:<tenant>`…}) -[:used {`said:<tenant>`…}]-> (:Node)
    (:Projection {single, number, generation, ledger, seq, mark, removals})

An element has one property for each tenant that holds it: what the tenant says of it as JSON, or nothing between quotes.
A key is the generation and the digest of the id (ids may be longer than an index takes). Links lead to nodes of the same
generation, so who enters by a key of one generation never leaves it.
"""

from contracts.vocabulary import Relation
from provenance.graph.answer import ANY, Direction, Relations

SAID = "said:"
"""Begins the names of properties that hold what tenants say."""

SCHEMA = (
    "CREATE CONSTRAINT provenance_node IF NOT EXISTS FOR (n:Node) REQUIRE n.key IS UNIQUE",
    "CREATE CONSTRAINT provenance_projection IF NOT EXISTS FOR (q:Projection) REQUIRE q.single IS UNIQUE",
    "CALL db.awaitIndexes(60)",
)
BEGIN = """MERGE (q:Projection {single: true})
ON CREATE SET q.number = 0, q.generation = '00000000/', q.removals = 0"""

POSITION = """MATCH (q:Projection {single: true})
RETURN q.ledger AS ledger, q.seq AS seq, q.mark AS mark, q.generation AS generation"""

# setting something first takes the lock, so that what is read after it is what the one before us left
MOVE = """MATCH (q:Projection {single: true}) SET q.turn = true
WITH q WHERE q.ledger = $ledger AND q.seq = $start OR q.seq IS NULL AND $start = 0
SET q.ledger = $ledger, q.seq = $end, q.mark = $mark, q.removals = q.removals + $removals
RETURN q.generation AS generation"""
# without hints and types an empty graph is planned for by scanning it, and that plan is kept while it grows
ENDS = """MATCH (a:Node {key: $generation + row.source}) USING INDEX a:Node(key)
    MATCH (b:Node {key: $generation + row.target}) USING INDEX b:Node(key)"""
HOLD_NODES = "UNWIND $rows AS row MERGE (n:Node {key: $generation + row.key}) SET n += row.said"
HOLD_LINKS = "\n".join(
    f"CALL () {{ UNWIND $rows.{relation} AS row {ENDS} MERGE (a)-[r:{relation}]->(b) SET r += row.said }}"
    for relation in Relation
)
LEAVE_LINKS = "\n".join(
    f"""CALL () {{ UNWIND $rows.{relation} AS row {ENDS} MATCH (a)-[r:{relation}]->(b)
    SET r += row.said WITH r WHERE size(keys(r)) = 0 DELETE r }}"""
    for relation in Relation
)
LEAVE_NODES = """UNWIND $rows AS row MATCH (n:Node {key: $generation + row.key}) USING INDEX n:Node(key) SET n += row.said
WITH n WHERE none(k IN keys(n) WHERE k STARTS WITH 'said:') DETACH DELETE n"""

CLEAR = """MERGE (q:Projection {single: true}) ON CREATE SET q.number = 0, q.removals = 0
SET q.number = q.number + 1
SET q.generation = right('0000000' + toString(q.number), 8) + '/'
REMOVE q.ledger, q.seq, q.mark RETURN q.generation AS generation"""
OLD = "MATCH (n:Node) USING INDEX n:Node(key) WHERE n.key < $generation"
SWEEP = (
    OLD + " MATCH (n)-[r]->() WITH r LIMIT $some DELETE r RETURN count(*) AS gone",
    OLD + " WITH n LIMIT $some DETACH DELETE n RETURN count(*) AS gone",
)
"""Take away what belongs to no generation that anybody will enter again; links first, because a node may have very many."""

ALL_NODES = """MATCH (n:Node) USING INDEX n:Node(key) WHERE n.key STARTS WITH $generation
RETURN n.id AS id, n.category AS category, n.subtype AS subtype, properties(n) AS said"""
ALL_LINKS = """MATCH (a:Node)-[r]->(b) USING INDEX a:Node(key) WHERE a.key STARTS WITH $generation
RETURN a.id AS source, type(r) AS relation, b.id AS target, properties(r) AS said"""

HELD = "any(w IN $words WHERE {e}[w] IS NOT NULL)"
TOLD = "head([w IN $words WHERE {e}[w] <> '' | {e}[w]])"
"""Of the caller's tenants in order, the first description; `$words` has the names of their properties."""

ENTER = "MATCH (q:Projection {single: true}) WITH q.generation AS generation, q.removals AS removals"
LEAVE = """MATCH (q:Projection {single: true})
RETURN %s, generation = q.generation AND removals = q.removals AS steady"""
"""Neo4j shows what others commit meanwhile, so an answer is good only if nothing was taken away while it was made."""

# asking for ends and their least distance alone lets the planner search breadth first: no path is ever enumerated
MET = """CALL (generation) {{ MATCH (s:Node {{key: generation + $root}}) USING INDEX s:Node(key) MATCH p = (s){arrow}(n)
    WHERE all(r IN relationships(p) WHERE {held}) WITH n, min(length(p)) AS depth LIMIT $cap
    RETURN collect([n, depth]) AS met }}"""
# everything in one record: a record for each node takes the driver four times as long
SHOWN = """CALL (met) {{ UNWIND {some} AS m WITH m[0] AS n, m[1] AS depth
    CALL (n, depth) {{ MATCH (n){arrow}(b) WHERE depth < $depth
        WITH n, r, b, {held} AS held WHERE CASE WHEN held THEN {wanted} ELSE NOT n.subtype IN ['CONTENT', 'WEB_RESOURCE'] END
        RETURN collect(DISTINCT CASE WHEN held THEN [id(b), type(r), {told}] ELSE [null, type(r), b.category] END) AS links }}
    RETURN collect([id(n), depth, n.id, n.category, n.subtype, {node}, {said}, links]) AS found }}"""
LEVEL = """UNWIND $near AS i MATCH (a) WHERE id(a) = i WITH DISTINCT a MATCH (a){arrow}(b) WHERE {held} AND NOT id(b) IN $seen
WITH DISTINCT b ORDER BY b.key LIMIT $cap RETURN collect([id(b), b.key]) AS met"""
CHOSEN = "CALL () { UNWIND $chosen AS c MATCH (n) WHERE id(n) = c[0] RETURN collect([n, c[1]]) AS met }"
ONE = "CALL (generation) { MATCH (n:Node {key: generation + $root}) USING INDEX n:Node(key) RETURN collect([n, 0]) AS met }"

AGENTS = """CALL (generation) {{ UNWIND $keys AS key MATCH (a:Node {{key: generation + key}}) USING INDEX a:Node(key)
    MATCH (a)-[r]->(n) WHERE {held} AND n.category = 'AGENT' AND {node}
    RETURN collect([a.id, type(r), n.id, n.category, n.subtype, {said}]) AS found }}"""


def walk(direction: Direction, depth: int) -> str:
    """The whole answer, if it is not larger than it may be; otherwise how large it got."""
    some = "CASE WHEN size(met) < $cap THEN met ELSE [] END"
    return _text(ENTER, _met(direction, depth), _shown(direction, some, "true"), LEAVE % "size(met) AS size, found")


def reach(direction: Direction, depth: int, along: Relations = ANY) -> str:
    """What a walk meets, by key, with its distance."""
    return _text(ENTER, _met(direction, depth, along), LEAVE % "[m IN met | [id(m[0]), m[0].key, m[1]]] AS met")


def level(direction: Direction, along: Relations = ANY) -> str:
    """What lies one link beyond some nodes and was not seen before, the first by key."""
    return _put(LEVEL, arrow=_arrow(direction, f"r{_types(along)}"))


def details(direction: Direction) -> str:
    """What is to be shown of chosen nodes, and the links between them."""
    return _text(ENTER, CHOSEN, _shown(direction, "met", "id(b) IN $ids"), LEAVE % "found")


def node() -> str:
    """One node, without its links if `$depth` is 0."""
    return _text(ENTER, ONE, _shown(Direction.UP, "met", "true"), LEAVE % "found")


def agents() -> str:
    """The links from nodes to agents."""
    return _text(ENTER, _put(AGENTS), LEAVE % "found")


def _met(direction: Direction, depth: int, along: Relations = ANY) -> str:
    return _put(MET, arrow=_arrow(direction, f"{_types(along)}*0..{depth:d}"))


def _types(along: Relations) -> str:
    return f":{'|'.join(relation.value for relation in along)}" if along else ""


def _shown(direction: Direction, some: str, wanted: str) -> str:
    return _put(SHOWN, arrow=_arrow(direction, "r"), some=some, wanted=wanted)


def _put(text: str, **words: str) -> str:
    of_links = {"held": HELD.format(e="r"), "told": TOLD.format(e="r")}
    return text.format(**of_links, node=HELD.format(e="n"), said=TOLD.format(e="n"), **words)


def _arrow(direction: Direction, what: str) -> str:
    return f"-[{what}]->" if direction is Direction.UP else f"<-[{what}]-"


def _text(*lines: str) -> str:
    return "\n".join(lines)
