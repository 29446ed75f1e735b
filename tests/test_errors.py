"""The error tree: exit statuses and codes."""

from __future__ import annotations

import pickle

import pytest

from dmedia import errors


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.DmediaError, 1),
        (errors.UsageError, 2),
        (errors.UnknownOperationError, 2),
        (errors.ParameterError, 2),
        (errors.PresetError, 2),
        (errors.OutsideRootsError, 2),
        (errors.NoInputError, 4),
        (errors.PreflightError, 5),
        (errors.CollisionError, 6),
        (errors.ClusterError, 7),
        (errors.TooManyFailedError, 7),
        (errors.ClusterLostError, 7),
        (errors.JobHeldError, 8),
        (errors.RecordError, 10),
        (errors.RecordFullError, 5),
        (errors.UnknownJobError, 10),
        (errors.DamagedRecordError, 10),
    ],
)
def test_each_error_has_the_exit_status_of_the_tree(error: type[errors.DmediaError], status: int) -> None:
    raised = error("What is wrong.", "What to do.")
    assert raised.exit_status == status
    assert (str(raised), raised.message, raised.hint) == ("What is wrong.", "What is wrong.", "What to do.")


def test_each_error_has_a_code_of_its_own_for_programs() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.DmediaError)]
    own = [kind for kind in kinds if "code" in vars(kind)]
    assert len({kind.code for kind in own}) == len(own)


@pytest.mark.parametrize(
    "error",
    [
        errors.CollisionError("What is wrong.", "What to do."),
        errors.MediaError("disk_full", "Disk full", "encode", "Free some."),
        errors.LauncherError("It has ended", None, 137, "launcher_ended"),
        errors.StoppedError(2),
    ],
)
def test_an_error_passes_to_another_process(error: errors.DmediaError) -> None:
    passed = pickle.loads(pickle.dumps(error))
    assert (type(passed), str(passed), vars(passed)) == (type(error), str(error), vars(error))
    assert (passed.code, passed.exit_status) == (error.code, error.exit_status)


def test_what_a_launcher_has_ended_with_is_the_same_error_again() -> None:
    again = errors.error_of_launcher("Two renditions collide", "Name them", 6, "collision")
    assert (type(again), again.message, again.hint) == (errors.CollisionError, "Two renditions collide", "Name them")
    other = errors.error_of_launcher("A bug", None, 1, "internal")
    assert (type(other), other.exit_status, other.code) == (errors.LauncherError, 1, "internal")


def test_a_media_error_says_code_and_stage() -> None:
    error = errors.MediaError("disk_full", "Disk full: no space left", "encode")
    assert (error.code, error.stage, error.hint) == ("disk_full", "encode", None)
