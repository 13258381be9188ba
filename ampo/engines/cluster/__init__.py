"""Engines on a Ray cluster that share a run's work: `ClusterEngine`.

engine     hands out samples one by one, and takes them back
replicas   the actors that answer, started as there is room
"""

from ampo.engines.cluster.engine import ClusterEngine

__all__ = ["ClusterEngine"]
