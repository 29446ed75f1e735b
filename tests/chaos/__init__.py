"""Kills while work is going on: real processes, seeded schedules, and an account of what became of every file.

``schedule`` says what is killed and when, ``supervisor`` keeps a cluster's processes running as an init system would,
``hits`` kills and proves it, ``witness`` and ``publications`` note from outside what is done, ``account`` compares it
with what may be, and ``ordeal`` is one run from the first picture to the account.
"""
