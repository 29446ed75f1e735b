"""The Python interface: what a program asks of dmedia, in plain functions.

``request`` makes of a program's words what a job is asked; ``batches`` starts jobs and tells of them; ``job`` is the
handle of one; ``files`` works on a single file, without Dask; ``known`` tells what there is to ask for. The MCP server
answers with the same functions. Documents are the JSON objects of the command line, as dicts.
"""
