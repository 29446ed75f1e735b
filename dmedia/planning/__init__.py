"""Sources x operation become tasks: rendition paths, collisions, preflight. Nothing is written before it is complete.

``naming`` says where a rendition goes, ``folding`` which names are one name to the file system, ``collisions`` keeps
renditions apart, ``standing`` looks at what is there already, ``preflight`` at disk and permissions; ``plan`` is
the order of it all.
"""

from __future__ import annotations

from dmedia.planning.plan import plan_job
from dmedia.planning.preflight import refuse_outside_roots

__all__ = ["plan_job", "refuse_outside_roots"]
