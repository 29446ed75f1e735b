"""What a job makes before its first rendition, and what goes again with a job that is refused."""

from __future__ import annotations

import os
from contextlib import suppress

from dmedia.planning.preflight import missing_directories
from dmedia.record.home import marks_folder
from dmedia.storage.locations import is_url


class Footprint:
    """The directories that are not there yet when a job begins.

    Parameters
    ----------
    output_directory : bytes
        The job's.
    """

    def __init__(self, output_directory: bytes) -> None:
        self._output_directory = output_directory
        self._missing = [] if is_url(output_directory) else missing_directories(output_directory)

    def erase(self) -> None:
        """Remove those that are there now and empty, unless the record of another job knows the output directory."""
        if marks_folder(self._output_directory).exists():
            return
        for directory in self._missing:
            with suppress(OSError):
                os.rmdir(directory)
