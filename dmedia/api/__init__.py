"""The Python interface: what a program asks of dmedia, in plain functions.

``options`` and ``request`` make of a program's words what a job is asked; ``batches`` plans jobs, starts them through
``start`` and tells of them; ``job`` is the handle of one; ``files`` works on a single file, without Dask; ``presets``
and ``capabilities`` tell what there is to ask for. The MCP server answers with the same functions. Documents are the
JSON objects of the command line, as dicts.
"""
