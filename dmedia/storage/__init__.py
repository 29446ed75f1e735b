"""Where bytes come from and go to: open, identify, publish. Knows no codec.

`local` is this machine's file systems, `stores` all that has a URL, `locations` the names of things in both.
"""
