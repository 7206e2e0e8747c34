"""The child process of a drawing: DOT comes in, a picture goes out. Graphviz may crash or take for ever, here it may."""

import sys

import pygraphviz


def main() -> None:
    """Read DOT from stdin and write it as the format that is the first argument."""
    graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
    sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog="dot"))


if __name__ == "__main__":
    main()
