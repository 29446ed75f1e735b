"""What globs and filters mean, name by name."""

from __future__ import annotations

import pytest

from dmedia.catalog.globs import Filter, Glob


def matches(pattern: str, path: str, *, hidden: bool = False) -> bool:
    glob = Glob(pattern, hidden=hidden)
    states = glob.start
    *directories, name = path.split("/")
    for directory in directories:
        states = glob.descend(states, directory)
    return glob.matches(states, name)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("*.jpg", "a.jpg", True),
        ("*.jpg", "a.JPG", True),
        ("*.JPG", "a.jpg", True),
        ("*.jpg", "a.jpeg", False),
        ("*.jpg", "jpg", False),
        ("*.jpg", "d/a.jpg", False),
        ("A*.jpg", "a.jpg", False),
        ("a.jpg", "a.JPG", True),
        ("*.jp*", "a.jpg.jpeg", True),
        ("*.[jp]*", "a.png", True),
        ("*.[jJ]pg", "a.jpg", True),
        ("img_?.png", "img_1.png", True),
        ("img_?.png", "img_é.png", True),
        ("img_?.png", "img_12.png", False),
        ("[!a]*.png", "b.png", True),
        ("[!a]*.png", "a.png", False),
        ("[a.b]", ".", False),
        ("x[a.b]", "x.", True),
        ("**", "a", True),
        ("**", "a/b/c", True),
        ("**/*.jpg", "a.jpg", True),
        ("**/*.jpg", "d/e/a.jpg", True),
        ("**/d/*.jpg", "d/a.jpg", True),
        ("**/d/*.jpg", "x/d/y/d/a.jpg", True),
        ("**/d/*.jpg", "x/d/y/a.jpg", False),
        ("**/**/a.jpg", "x/a.jpg", True),
        ("d/**", "d/x/y.jpg", True),
        ("d/**", "e/x.jpg", False),
        ("*/a.jpg", "x/a.jpg", True),
        ("*/a.jpg", "x/y/a.jpg", False),
        ("./*//a.jpg", "x/a.jpg", True),
        ("*.jpg", ".a.jpg", False),
        (".*.jpg", ".a.jpg", True),
        ("**/*.jpg", ".d/a.jpg", False),
        ("*/a.jpg", ".d/a.jpg", False),
        (".d/*.jpg", ".d/a.jpg", True),
        ("**", "new\nline", True),
    ],
)
def test_a_glob_means_these_paths(pattern: str, path: str, expected: bool) -> None:
    assert matches(pattern, path) is expected


def test_wildcards_match_hidden_names_when_told_to() -> None:
    assert matches("**/*.jpg", ".d/.a.jpg", hidden=True)


@pytest.mark.parametrize(
    ("include", "exclude", "path", "expected"),
    [
        ((), (), "a.jpg", True),
        (("*.jpg",), (), "d/e/a.JPG", True),
        (("*.jpg",), (), "d/a.png", False),
        (("*.jpg", "*.png"), (), "d/a.png", True),
        (("d/*.jpg",), (), "d/a.jpg", True),
        (("d/*.jpg",), (), "x/d/a.jpg", False),
        (("/d",), (), "d/x/a.jpg", True),
        (("/d",), (), "x/d/a.jpg", False),
        (("d/",), (), "x/d/a.jpg", True),
        ((), ("drafts",), "x/drafts/y/a.jpg", False),
        ((), ("drafts",), "x/drafts2/a.jpg", True),
        ((), ("x/**/old",), "x/y/z/old/a.jpg", False),
        (("*.jpg",), ("a*",), "a.jpg", False),
        ((), ("*.tmp.jpg",), "d/.x.tmp.jpg", False),
    ],
)
def test_a_filter_wants_these_paths(
    include: tuple[str, ...], exclude: tuple[str, ...], path: str, expected: bool
) -> None:
    assert Filter(include, exclude).admits(path) is expected
