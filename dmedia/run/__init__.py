"""Running a job: slots, cluster, dispatch, collect. The only package that imports Dask."""
