"""What messages say when a word is not known, and of what others have said."""

from __future__ import annotations

import pytest

from dmedia.words import gist, nearest


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("resiz", "did you mean 'resize'?"),
        ("RESIZE", "did you mean 'resize'?"),
        ("reseze", "did you mean 'resize'?"),
        ("xyz", "known are: convert, crop, resize"),
        ("", "known are: convert, crop, resize"),
    ],
)
def test_the_nearest_word_is_named_or_all_are(word: str, answer: str) -> None:
    assert nearest(word, ["resize", "crop", "convert"]) == answer


def test_what_others_say_is_told_on_one_short_line() -> None:
    assert gist("one\n  two\tthree") == gist(ValueError("one\ntwo three")) == "one two three"
    assert gist(TimeoutError()) == "TimeoutError"
    assert len(gist("x" * 10_000)) == 301
