"""A CWL document as an engine takes it: without `valueFromPlatform`, which is the platform's to read. Pure."""

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from chassis.placeholders import KEY, without


def plain(text: str, part: str = "main") -> str:
    """The document without our key on its inputs; one that cannot be read is left for the engine to say why."""
    if KEY not in text:
        return text
    try:
        return without(text, YAML(typ="safe", pure=True).compose(text), part)
    except (YAMLError, RecursionError):
        return text
