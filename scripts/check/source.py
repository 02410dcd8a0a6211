"""What every check shares: which files belong to the project, and C++ cut into tokens.

Standard library only. A check is a module with `check(root) -> list of complaints`; `run(check)` is
its main program: it prints the complaints and exits with 1 if there are any.
"""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("base", "model", "config", "auth", "storage", "server")


def tracked(root, *endings):
    """The project's files (tracked, or new and not ignored) below root with one of the endings."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True, capture_output=True).stdout.decode()
    names = sorted(set(name for name in listed.split("\0") if name))
    return [name for name in names
            if (not endings or name.endswith(endings)) and (Path(root) / name).is_file()]


def run(check):
    """Main program of a check: complaints about the tree given as argument, or about this one."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    complaints = check(root)
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)


@dataclass(frozen=True)
class Token:
    text: str  # comments are left out; a literal keeps only its quotes
    line: int


_TOKEN = re.compile(r"""
    (?P<skip>   \s+ | //(?:[^\n\\]|\\.|\\\n)* | /\*.*?\*/ | \\\n )
  | (?P<raw>    (?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)" )
  | (?P<string> (?:u8|[uUL])?"(?:[^"\\\n]|\\.)*" )
  | (?P<number> \.?\d(?:[eEpP][+-]|'(?=\w)|[\w.])* )
  | (?P<char>   (?:u8|[uUL])?'(?:[^'\\\n]|\\.)+' )
  | (?P<word>   [A-Za-z_]\w* )
  | (?P<mark2>  :: | -> | && | \|\| | <=> | [=!<>]= | \.\.\. )
  | (?P<other>  . )
""", re.VERBOSE | re.DOTALL)


def tokens(text):
    """C++ source without comments and preprocessor lines, in order."""
    text = re.sub(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", lambda m: "\n" * m[0].count("\n"), text,
                  flags=re.MULTILINE)
    result, line = [], 1
    for match in _TOKEN.finditer(text):
        piece = match[0]
        if match["raw"] or match["string"]:
            result.append(Token('""', line))
        elif match["char"]:
            result.append(Token("''", line))
        elif not match["skip"]:
            result.append(Token(piece, line))
        line += piece.count("\n")
    return result


def includes(text):
    """(line, name, quoted?) of every #include."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if match:
            found.append((number, match[2], match[1] == '"'))
    return found
