"""Running a job, the only package that imports Dask. `job` is its beginning and end, `course` what lies between.

A launcher finds or makes its cluster (`clusters`), asks whether the workers are fit (`fitness`), hands out chunks
(`dispatch`), collects results (`collect`) and tells the dashboard (`dashboard`). A worker has slots (`worker`,
`slots`), and carries files between stores and slots (`transport`).
"""
