"""A small tree of drawn photos and a film, so that dmedia can be tried without own media."""

from __future__ import annotations

from dmedia.media.demo.samples import make_demo

__all__ = ["make_demo"]
