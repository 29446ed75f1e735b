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


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("timeout to host https://h/a.jpg?X-Amz-Signature=5ecret&w=3", "timeout to host https://h/a.jpg?..."),
        ("to 'http://h:80/a?sig=5ecret#x', then", "to 'http://h:80/a?... then"),
        ('URL: "https://h/up?upload_id=5ecret"', 'URL: "https://h/up?..."'),
        ("retries exceeded with url: /up?upload_id=5ecret (Caused", "retries exceeded with url: /up?... (Caused"),
        ("URL('https://h/a?5ecret')", "URL('https://h/a?..."),
        ("proxy http://me:5ecret@proxy:3128/ says no", "proxy http://...@proxy:3128/ says no"),
        ("https://h/" + "x" * 280 + "?sig=5ecret", "https://h/" + "x" * 280 + "?..."),
        ("is it sftp://me@host? yes=no: /a?b.jpg", "is it sftp://me@host? yes=no: /a?b.jpg"),
    ],
)
def test_no_secret_of_a_url_is_told(said: str, told: str) -> None:
    assert gist(said) == gist(ValueError(said)) == told
    assert len(gist(("/" * 100 + "?") * 10_000)) == 301
