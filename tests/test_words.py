"""What messages say when a word is not known."""

from __future__ import annotations

import pytest

from dmedia.words import nearest


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
