"""A tip's Markdown as the plain-text part of an email.

Written from the Markdown itself, so that it reads as if somebody had typed it: wrapped
lines, hanging lists, quotations behind ">", and links as numbered notes at the end.
"""

from dataclasses import dataclass, field

from markdown_it.tree import SyntaxTreeNode

from newsletter.render.markdown import absolute_url, to_tree
from newsletter.render.wrapping import WIDTH, columns, indent, pad, wrap


def to_plain(markdown: str, *, page_url: str) -> str:
    """Return *markdown* as plain text, at most 72 columns wide where words allow.

    Args:
        page_url: the tip's own page; relative links start from there.
    """
    writer = _Writer(page_url)
    lines = writer.blocks(to_tree(markdown).children, WIDTH, closing=True)
    return "\n".join([*lines, *writer.notes()]).strip("\n")


def opening_words(markdown: str, *, limit: int) -> str:
    """Return how the first paragraph begins, cut at a word, for the inbox's preview."""
    for node in to_tree(markdown).walk():
        if node.type == "paragraph":
            words = " ".join(_bare(node).split())
            if words:
                return shorten(words, limit=limit)
    return ""


def excerpt(markdown: str, *, limit: int) -> str:
    """Return how the text begins, over its paragraphs, cut at a word."""
    # Of a long text the first blocks are enough, and cost a fraction.
    head = markdown[: 4 * limit].rpartition("\n\n")[0]
    if head and len(markdown) > 4 * limit:
        words = _opening(head, limit)
        if len(words) > limit:
            return shorten(words, limit=limit)
    return shorten(_opening(markdown, limit), limit=limit)


def _opening(markdown: str, limit: int) -> str:
    words = ""
    for node in to_tree(markdown).walk():
        if node.type == "paragraph" and len(words) <= limit:
            words = f"{words} {' '.join(_bare(node).split())}".strip()
    return words


def plain_words(markdown: str) -> str:
    """Return all words of *markdown* on one line, as a search shows them."""
    found = [
        _bare(node) if node.type == "inline" else node.content
        for node in to_tree(markdown).walk()
        if node.type in ("inline", "fence", "code_block")
    ]
    return " ".join(" ".join(found).split())


def shorten(words: str, *, limit: int) -> str:
    """Return *words* cut after a whole word, with "…", if longer than *limit*."""
    if len(words) <= limit:
        return words
    head, space, _ = words[:limit].rpartition(" ")
    return (head if space else words[: limit - 1]).rstrip(" ,;:-") + "…"


def _bare(node: SyntaxTreeNode) -> str:
    """Return the words of *node* without marks, links or pictures."""
    if node.type in ("text", "code_inline"):
        return node.content
    if node.type in ("softbreak", "hardbreak"):
        return " "
    if node.type == "image":
        return ""
    return "".join(_bare(child) for child in node.children)


@dataclass
class _Writer:
    page_url: str
    links: list[str] = field(default_factory=list)

    def blocks(
        self,
        nodes: list[SyntaxTreeNode],
        width: int,
        *,
        tight: bool = False,
        closing: bool = False,
    ) -> list[str]:
        """Return the lines of *nodes*, an empty line between two blocks."""
        lines: list[str] = []
        for node in nodes:
            is_takeaway = closing and node is nodes[-1] and _emphasis(node)
            block = (
                self._quotation([node], width)
                if is_takeaway
                else self._block(node, width)
            )
            if block and lines and not tight:
                lines.append("")
            lines += block
        return lines

    def notes(self) -> list[str]:
        """Return the addresses of the numbered links, one a line, never broken."""
        numbered = [f"[{at}] {url}" for at, url in enumerate(self.links, start=1)]
        return ["", *numbered] if numbered else []

    def _block(self, node: SyntaxTreeNode, width: int) -> list[str]:
        match node.type:
            case "heading":
                return self._heading(node, width)
            case "bullet_list" | "ordered_list":
                return self._list(node, width)
            case "blockquote":
                return self._quotation(node.children, width)
            case "fence" | "code_block":
                code = node.content.rstrip("\n").expandtabs(4).split("\n")
                return indent(code, first="    ", rest="    ")
            case "hr":
                return ["* * *"]
            case "table":
                return self._table(node, width)
            case _:
                text = self._inline(node)
                return wrap(text, width=width).split("\n") if text.strip() else []

    def _heading(self, node: SyntaxTreeNode, width: int) -> list[str]:
        lines = wrap(self._inline(node), width=width).split("\n")
        return [*lines, "-" * max(columns(line) for line in lines)]

    def _quotation(self, nodes: list[SyntaxTreeNode], width: int) -> list[str]:
        takeaway = _emphasis(nodes[0]) if len(nodes) == 1 else None
        if takeaway:
            # The bar says it already; marks around it would say it twice.
            inner = "".join(map(self._inline, takeaway.children))
            lines = wrap(inner, width=width - 2).split("\n")
        else:
            lines = self.blocks(nodes, width - 2)
        return indent(lines, first="> ", rest="> ")

    def _list(self, node: SyntaxTreeNode, width: int) -> list[str]:
        ordered = node.type == "ordered_list"
        start = int(node.attrs.get("start", 1))
        last = start + len(node.children) - 1
        tight = any(
            block.type == "paragraph" and block.hidden
            for item in node.children
            for block in item.children
        )
        lines: list[str] = []
        for number, item in enumerate(node.children, start=start):
            mark = f"{number}.".ljust(len(f"{last}. ")) if ordered else "- "
            inner = self.blocks(item.children, width - len(mark), tight=tight) or [""]
            if lines and not tight:
                lines.append("")
            lines += indent(inner, first=mark, rest=" " * len(mark))
        return lines

    def _table(self, node: SyntaxTreeNode, width: int) -> list[str]:
        rows = [
            [self._inline(cell).replace("\n", " ") for cell in row.children]
            for part in node.children
            for row in part.children
        ]
        styles = [str(cell.attrs.get("style", "")) for cell in _cells(node)]
        sides = [style.rpartition(":")[2] or "left" for style in styles]
        widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
        if sum(widths) + 2 * (len(widths) - 1) > width:
            return self._table_as_list(rows, width)
        lines = ["  ".join(map(pad, row, widths, sides)).rstrip() for row in rows]
        rule = "  ".join("-" * max(each, 1) for each in widths)
        return [lines[0], rule, *lines[1:]]

    def _table_as_list(self, rows: list[list[str]], width: int) -> list[str]:
        """Write a table that is too wide as one small list for each row."""
        head, *body = rows
        lines: list[str] = []
        for row in body:
            for at, (name, value) in enumerate(zip(head, row, strict=True)):
                first, rest = ("  ", "    ") if at else ("- ", "    ")
                text = f"{name}: {value}" if name else value
                lines += wrap(text, width=width, first=first, rest=rest).split("\n")
        return lines

    def _inline(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "text" | "code_inline":
                return node.content
            case "softbreak":
                return " "
            case "hardbreak":
                return "\n"
            case "image":
                words = " ".join("".join(map(_bare, node.children)).split())
                return f"[Image: {words}]" if words else ""
            case "link":
                return self._link(node)
        inner = "".join(self._inline(child) for child in node.children)
        marks = {"em": "_", "strong": "*"}
        mark = marks.get(node.type, "") if inner.strip() else ""
        return f"{mark}{inner}{mark}"

    def _link(self, node: SyntaxTreeNode) -> str:
        words = "".join(self._inline(child) for child in node.children).strip()
        href = str(node.attrs.get("href", ""))
        url = absolute_url(href, self.page_url)
        if not url or words in (url, url.removeprefix("mailto:")):
            return words
        if url not in self.links:
            self.links.append(url)
        return f"{words} [{self.links.index(url) + 1}]".lstrip()


def _cells(table: SyntaxTreeNode) -> list[SyntaxTreeNode]:
    return table.children[0].children[0].children


def _emphasis(node: SyntaxTreeNode) -> SyntaxTreeNode | None:
    """Return the one emphasised run that a paragraph is, which makes it a takeaway."""
    if node.type != "paragraph":
        return None
    parts = [
        part
        for inline in node.children
        for part in inline.children
        if part.type != "text" or part.content.strip()
    ]
    return parts[0] if len(parts) == 1 and parts[0].type == "em" else None
