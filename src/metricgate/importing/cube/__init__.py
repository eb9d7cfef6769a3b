"""Cube's YAML data model: cubes with joins, dimensions, segments and measures, and their access policies.

A cube's measures become metrics in the cube's domain (``orders.count``). Jinja and JavaScript are not run.
"""

from metricgate.importing.cube.project import CubeTimeSpine, import_cube

__all__ = ["CubeTimeSpine", "import_cube"]
