"""Servers as processes: S3, a proxy that makes trouble, SFTP, pages. Fixtures of them are in ``fixtures.py``."""
