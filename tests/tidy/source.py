"""Reading the project: which files it has, and C++ with what is not code blanked out."""
import pathlib
import re
import subprocess
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# Path in the repository -> text. Rules see nothing but this, so that their own tests can hand them a made-up project.
Tree = dict[str, str]

TEXT_SUFFIXES = {".cc", ".h", ".cmake", ".txt", ".md", ".py", ".sh", ".json", ".toml", ".sql", ".tmpl", ""}


class Finding(NamedTuple):
    path: str
    line: int  # 0: the file as a whole
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}" if self.line else f"{self.path}: {self.message}"


def read_tree() -> Tree:
    """Every text file that is committed or could be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    tree = {}
    for path in sorted(filter(None, listed.split("\0"))):
        file = ROOT / path
        if file.suffix in TEXT_SUFFIXES and file.is_file():
            try:
                tree[path] = file.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
    return tree


def is_cpp(path: str) -> bool:
    return path.endswith((".cc", ".h"))


def room_of(path: str) -> str | None:
    """The room of a file in src/."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "src" else None


def line_at(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


_NOT_CODE = re.compile(
    r"""
    (?P<comment> //[^\n]* | /\*.*?\*/ )
  | (?P<raw> R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)" )
  | (?P<string> "(?:\\.|[^"\\\n])*" )
  | (?P<number> \b\d(?:'?[\w.])* )
  | (?P<character> '(?:\\.|[^'\\\n])+' )
""",
    re.VERBOSE | re.DOTALL,
)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def code_of(text: str) -> str:
    """C++ with comments and the insides of literals blanked; every offset and line stays where it was."""

    def replace(match: re.Match) -> str:
        if match["comment"]:
            return _blank(match[0])
        if match["number"]:
            return match[0]
        # A literal stays an operand, but nothing in it is code.
        return '"' + _blank(match[0][1:-1]) + '"'

    return _NOT_CODE.sub(replace, text)


def comments_of(text: str) -> str:
    """The opposite of code_of: comments alone, everything else blanked."""

    def replace(match: re.Match) -> str:
        return match[0] if match["comment"] else _blank(match[0])

    kept, end = [], 0
    for match in _NOT_CODE.finditer(text):
        kept += [_blank(text[end : match.start()]), replace(match)]
        end = match.end()
    return "".join(kept) + _blank(text[end:])


def strings_of(text: str) -> list[tuple[int, str]]:
    """(offset, content) of each string literal, escapes left as written."""
    found = []
    for match in _NOT_CODE.finditer(text):
        if match["string"]:
            found.append((match.start(), match[0][1:-1]))
        elif match["raw"]:
            found.append((match.start(), match[0][match[0].index("(") + 1 : match[0].rindex(")")]))
    return found


def matching(code: str, opening: int) -> int:
    """Offset of the bracket that closes the one at `opening`, or the end of the text."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    waiting = []
    for offset in range(opening, len(code)):
        character = code[offset]
        if character in pairs:
            waiting.append(pairs[character])
        elif waiting and character == waiting[-1]:
            waiting.pop()
            if not waiting:
                return offset
    return len(code)


def statement_start(code: str, offset: int) -> int:
    """Where the innermost statement, argument list or initialiser that holds `offset` begins.

    Brackets that are closed again before `offset` are stepped over, except blocks: a brace ends the search, and so does
    a semicolon outside parentheses.
    """
    depth = 0
    for at in range(offset - 1, -1, -1):
        character = code[at]
        if character in ")]":
            depth += 1
        elif character in "([":
            depth = max(0, depth - 1)
        elif depth == 0 and character in ";{}":
            return at + 1
    return 0
