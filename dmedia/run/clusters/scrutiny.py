"""The scrutiny of a place before there is a job: all that can be judged without connecting to a scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmedia.run.clusters.certificates import check_certificates
from dmedia.run.clusters.cluster_file import load_maker
from dmedia.run.clusters.exposure import exposure
from dmedia.run.clusters.places import MadeCluster, RunningCluster
from dmedia.run.clusters.scheduler_file import FILE_WAIT_S, find_scheduler, refuse_malformed
from dmedia.run.launcher import told_configuration, wait_for_dask

if TYPE_CHECKING:
    from dmedia.run.clusters.places import Place


def scrutinise(place: Place) -> None:
    """Refuse a place where no job can run, whoever is there.

    Parameters
    ----------
    place : OwnCluster, RunningCluster, MadeCluster or GivenCluster
        Dask is loaded for those that are elsewhere.

    Raises
    ------
    UsageError
        When the class that a cluster file names is not there, or a scheduler file or a file of Dask's configuration is
        none.
    ClusterError
        When a scheduler file does not appear, a host has no address, an address is public and not encrypted, or
        certificates are missing.
    """
    if isinstance(place, (MadeCluster, RunningCluster)):
        wait_for_dask()
        with told_configuration():
            import dask.config  # noqa: F401
    if isinstance(place, MadeCluster):
        load_maker(place.file)
    elif isinstance(place, RunningCluster):
        refuse_malformed(place)
        address = find_scheduler(place, lambda: None, FILE_WAIT_S)
        check_certificates(address)
        exposure(address, insecure=place.insecure)
