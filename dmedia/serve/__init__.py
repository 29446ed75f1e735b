"""The MCP server: what an assistant asks becomes a call of the Python interface, within the roots it was given.

``server`` speaks the protocol; ``tools`` is the table of what can be asked, ``tool`` what such a thing is; ``roots``
says which paths may be used; ``schemas`` makes JSON schemas of the operations' own parameters; ``answers`` makes
results and errors, which ``wording`` words for assistants; ``resources`` are the documents that can be read. The only
package that loads the MCP SDK, which is an extra.
"""
