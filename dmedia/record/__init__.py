"""The durable account of a job on disk: the only truth about it. Knows no Dask and no Click.

::

    $DMEDIA_HOME/
      jobs/<id>/record.db       SQLite; one writer (the launcher), any number of readers in other processes
      jobs/<id>/launcher.lock   held by the launcher for its life
      jobs/<id>/cancel, pause   empty: requests of other processes
      jobs/<id>/ended           empty: there is no need to open this record to see whether it runs
      outputs/<digest>/<id>     empty: this job writes into the output directory of that digest

``home`` finds the folders, ``folder`` and ``lock`` hold one, ``header``, ``schema`` and ``journal`` open its database,
``documents`` puts plain data into columns. ``writer`` writes (with ``plan_table``, ``task_table`` and ``life``, the
three things it writes about), ``reader`` reads (with ``rows``), ``earlier`` and ``unfinished`` ask the records of
other jobs, ``pruning`` removes old ones.
"""
