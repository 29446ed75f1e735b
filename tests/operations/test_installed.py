"""Operations of other packages: which are let in, and what becomes of those that are not."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from dmedia.errors import UnknownOperationError
from dmedia.operations import OPERATIONS, broken_operations, find_operation, known_operations, package_of
from dmedia.operations.validation import adapter, validate
from tests.operations.packages import bring, install, install_readme_example

KEEP = "def work(image, parameters): return image"


def test_an_operation_of_another_package_is_known_after_dmedias_own(site: Path) -> None:
    install_readme_example(site)
    assert list(known_operations()) == [*OPERATIONS, "sepia"]
    assert find_operation("sepia") is known_operations()["sepia"]
    assert (package_of("sepia"), package_of("resize"), package_of("nothing")) == ("dmedia-sepia 1.0", "", "")
    assert broken_operations() == {}
    assert validate("sepia", {"strength": "0.5", "width": 9}).given() == {"strength": 0.5, "width": 9}
    assert "strength" in adapter(find_operation("sepia").parameters).json_schema()["properties"]


def test_a_misspelt_name_is_answered_with_the_nearest_of_another_package(site: Path) -> None:
    install_readme_example(site)
    with pytest.raises(UnknownOperationError, match="did you mean 'sepia'"):
        find_operation("seppia")


NAMED = "OPERATION = Operation('bad', 'A.', P, IMAGE, '', 'm:work')"
FROZEN = "@dataclass(frozen=True, kw_only=True)\nclass P(Box): "


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("1 +", "SyntaxError"),
        ("OPERATION = 5", "it names a int, and no dmedia.operations.operation.Operation"),
        ("", "AttributeError"),
        ("OPERATION = Operation('other', 'A.', Box, IMAGE, '', 'm:work')", "'bad', and it calls itself 'other'"),
        ("OPERATION = Operation('bad', '', Box, IMAGE, '', 'm:work')", "summary and example are texts"),
        ("OPERATION = Operation('bad', 'A.', Box, {'sound'}, '', 'm:work')", "accepts is IMAGE or IMAGE_AND_FILM"),
        ("OPERATION = Operation('bad', 'A.', Box, IMAGE, '')", "work is no 'package.module:function'"),
        ("OPERATION = Operation('bad', 'A.', dict, IMAGE, '', 'm:work')", "no subclass of .*Encoding"),
        (f"class P(Box): a: int = 1\n{NAMED}", "P lacks @dataclass"),
        (f"{FROZEN}a: int = 1\n{NAMED}", "its parameter 'a' has no Help"),
        (f"{FROZEN}a: Annotated[list[int] | None, Help('')] = None\n{NAMED}", "its parameter 'a' is none of bool, int"),
        (f"{FROZEN}a: 'Annotated[Unknown, 1]' = None\n{NAMED}", "the types of P cannot be read: name 'Unknown'"),
        (f"import os\n{FROZEN}a: 'os.Unknown' = None\n{NAMED}", "the types of P cannot be read: .*'Unknown'"),
        (f"{FROZEN}a: '1 / 0' = None\n{NAMED}", "the types of P cannot be read: division by zero"),
    ],
)
def test_a_broken_operation_is_refused_with_its_package_and_reason_and_troubles_no_other(
    site: Path, code: str, reason: str
) -> None:
    install_readme_example(site)
    install(site, "some-package", "0.3", {"bad": "some_package:OPERATION"})
    head = "from tests.operations.packages import *\nexec(HEAD)\n"
    (site / "some_package.py").write_text(head + code)
    with pytest.raises(UnknownOperationError, match=reason) as caught:
        find_operation("bad")
    assert caught.value.message.startswith("The operation 'bad' of some-package 0.3 cannot be used: ")
    assert broken_operations() == {"bad": caught.value.message}
    assert list(known_operations()) == [*OPERATIONS, "sepia"]


def test_parameters_of_every_type_that_can_be_typed_and_recorded_are_let_in(site: Path) -> None:
    fields = (
        "@dataclass(frozen=True, kw_only=True)\nclass P(Encoding):\n"
        "    a: Annotated[bool, Help('a')] = False\n    b: Annotated[int | None, Help('b')] = None\n"
        "    c: Annotated[Literal['x', 'y'] | None, Help('c')] = None\n    d: Annotated[str, Help('d')]\n"
    )
    bring(site, "wide", fields + KEEP, parameters="P")
    assert validate("wide", {"b": "3", "d": "e"}).given() == {"b": 3, "d": "e"}


def test_dmedias_own_operations_cannot_be_replaced(site: Path) -> None:
    bring(site, "resize", KEEP)
    assert find_operation("resize") is OPERATIONS["resize"]
    assert list(known_operations()) == list(OPERATIONS)
    assert "dmedia-resize 1.0 is not used: dmedia has one of this name" in broken_operations()["resize"]


def test_operations_that_are_loaded_at_once_by_two_threads_leave_the_programs_output_where_it_was(site: Path) -> None:
    for number in (1, 2, 3, 4):
        bring(site, f"slow{number}", f"import time\nprint('I am here')\ntime.sleep(0.0{5 + number})\n{KEEP}")
    before = sys.stdout
    threads = [threading.Thread(target=find_operation, args=(f"slow{number}",)) for number in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
        time.sleep(0.01)
    for thread in threads:
        thread.join()
    after, sys.stdout = sys.stdout, before
    assert after is before


def test_a_name_that_two_packages_claim_is_refused_with_both(site: Path) -> None:
    bring(site, "twice", KEEP, package="one")
    bring(site, "twice", KEEP, package="two")
    with pytest.raises(UnknownOperationError, match=r"is brought by \w+ 1\.0 and \w+ 1\.0$") as caught:
        find_operation("twice")
    assert caught.value.hint == "uninstall all but one"


def test_damaged_metadata_of_one_package_troubles_no_other(site: Path) -> None:
    install_readme_example(site)
    install(site, "damaged", "1.0", {})
    (site / "damaged-1.0.dist-info" / "entry_points.txt").write_text("[dmedia.operations]\nno value\n")
    (site / "empty-1.0.dist-info").mkdir()
    (site / "empty-1.0.dist-info" / "entry_points.txt").write_bytes(b"\xff\xfe")
    assert list(known_operations()) == [*OPERATIONS, "sepia"]
    assert "damaged 1.0 cannot be used" in broken_operations()["damaged"]
