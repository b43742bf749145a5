"""Read Markdown files with front matter: one file a tip, or a folder of them.

Front matter is YAML between two lines of three hyphens. It is read as plain text, never
as YAML's own types, so that a title may be `2026-01-01` or `no`.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from newsletter.errors import UnreadableSource
from newsletter.tips.drafts import Found, Refused, TipDraft
from newsletter.tips.fields import (
    FIELDS,
    BadField,
    Field,
    Value,
    draft,
    unknown_field,
)
from newsletter.tips.labels import slug_for
from newsletter.tips.text_files import read_text

_FENCE = re.compile(r"---[ \t]*")
_END = re.compile(r"(---|\.\.\.)[ \t]*")
_LEADING_DATE = re.compile(r"\d{4}-\d\d-\d\d[-_ ]+")


def read_folder(folder: Path) -> Iterator[Found]:
    """Yield what every ``*.md`` in and under *folder* holds, sorted by name.

    A file that cannot be read is a refusal, so that all of them are named at once.

    Raises:
        UnreadableSource: there is no such file.
    """
    found = [
        path
        for path in sorted(folder.rglob("*.md"))
        if not any(p.startswith(".") for p in path.relative_to(folder).parts)
    ]
    if not found:
        raise UnreadableSource(
            path=folder,
            where="",
            reason="it holds no Markdown file",
            remedy="Name a folder with one .md file for each tip.",
        )
    for path in found:
        try:
            yield read_file(path)
        except UnreadableSource as error:
            place = f"{path}, {error.where}" if error.where else str(path)
            yield Refused(place, "", error.reason, error.remedy)


def read_file(path: Path) -> TipDraft | Refused:
    """Return the tip in *path*, or why there is none.

    Raises:
        UnreadableSource: the file is missing, too large or not UTF-8.
    """
    text = read_text(path)
    try:
        fields, body = _divide(text, path)
    except BadField as bad:
        return bad.refused
    stem = _LEADING_DATE.sub("", path.stem) or path.stem
    return draft(fields, body, where=str(path), default_slug=slug_for(stem))


def _divide(text: str, path: Path) -> tuple[dict[str, Field], str]:
    """Return the fields of the front matter, and what follows it."""
    lines = text.split("\n")
    if lines[0].rstrip() == "+++":
        raise _bad(path, 1, "+++", "begins TOML front matter", "Write it as YAML.")
    if not _FENCE.fullmatch(lines[0]):
        return {}, text
    for at, line in enumerate(lines[1:], start=1):
        if _END.fullmatch(line):
            fields = _fields("\n".join(lines[1:at]), path)
            return fields, "\n".join(lines[at + 1 :])
    remedy = "End it with a line of three hyphens."
    raise _bad(path, 1, "---", "begins front matter that never ends", remedy)


def _fields(source: str, path: Path) -> dict[str, Field]:
    try:
        root = yaml.compose(source, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 2 if mark else 1
        reason = f"the front matter is not YAML: {error.problem}"
        raise _bad(path, line, "", reason, _YAML_REMEDY) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = "the front matter is not YAML"
        raise _bad(path, 1, "", reason, _YAML_REMEDY) from error
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        reason = "the front matter is not a list of fields"
        raise _bad(path, 2, "", reason, "Write each as `name: value`.")
    fields: dict[str, Field] = {}
    for key, value in root.value:
        where = _place(path, key)
        name = str(key.value).lower()
        if name not in FIELDS:
            raise BadField(unknown_field(str(key.value), where, FIELDS))
        if name in fields:
            raise BadField(Refused(where, name, "is given twice", "Keep one of them."))
        fields[name] = Field(_value(value, path), where)
    return fields


_YAML_REMEDY = 'Put texts with a colon or a quote between double quotes: "like: this".'


def _value(node: yaml.Node, path: Path) -> Value:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if isinstance(node, yaml.SequenceNode):
        items = node.value
        if all(isinstance(item, yaml.ScalarNode) for item in items):
            return tuple(str(item.value) for item in items)
        if all(isinstance(item, yaml.MappingNode) for item in items):
            return tuple(_table(item, path) for item in items)
    where = _place(path, node)
    remedy = "Write a text, or a list like [one, two]."
    raise BadField(Refused(where, "", "the value has a form that no field has", remedy))


def _table(node: yaml.MappingNode, path: Path) -> dict[str, str]:
    table = {}
    for key, value in node.value:
        if not isinstance(value, yaml.ScalarNode):
            where = _place(path, value)
            raise BadField(Refused(where, "", "is not a text", "Write one text."))
        table[str(key.value)] = str(value.value)
    return table


def _place(path: Path, node: yaml.Node) -> str:
    # The front matter begins on the second line of the file, YAML counts from 0.
    return f"{path}:{node.start_mark.line + 2}"


def _bad(path: Path, line: int, value: str, reason: str, remedy: str) -> BadField:
    return BadField(Refused(f"{path}:{line}", value, reason, remedy))
