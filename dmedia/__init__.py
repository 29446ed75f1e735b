"""dmedia: batch processing of photos and films at any scale.

A tour, in the order a file travels::

    cli          what a person typed becomes a JobSpec
    operations   what can be asked of a file: one module per operation, with its parameters
    presets      named operations with parameters, in TOML files
    catalog      inputs become a lazy stream of sources
    planning     sources x operation become tasks: rendition paths, collisions, preflight
    record       the durable account of the job on disk: the only truth about it
    run          Dask: cluster, slots, dispatch, collect
    media        the work on one file, in a slot: open, decode, process, encode, verify, publish
    report       terminal progress, status documents
    storage      where bytes come from and go to: open a source safely, publish a rendition whole
    model        the frozen records that cross all these borders
    errors       the error tree
    formats      what is what

Imports point downward only; a linter holds it.
"""

__version__ = "0.1.0"
