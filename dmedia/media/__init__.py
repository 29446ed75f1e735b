"""The work on one file, in a slot: the only package that loads codecs. Knows no Dask, Click or Rich.

``process.process(order, task, temporary, descriptor)`` does it all; read it first, from top to bottom.
"""
