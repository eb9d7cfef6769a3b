"""The tools that agents call, one record per file: it gives the HTTP route, the MCP tool, the CLI command, the docs.

To add one: a file here and a line in ``TOOLS``.
"""

from metricgate.gateway.tools.describe_dataset import DESCRIBE_DATASET
from metricgate.gateway.tools.describe_metric import DESCRIBE_METRIC
from metricgate.gateway.tools.explain_query import EXPLAIN_QUERY
from metricgate.gateway.tools.get_action import GET_ACTION
from metricgate.gateway.tools.get_receipt import GET_RECEIPT
from metricgate.gateway.tools.list_dimension_values import LIST_DIMENSION_VALUES
from metricgate.gateway.tools.propose_write import PROPOSE_WRITE
from metricgate.gateway.tools.query_metrics import QUERY_METRICS
from metricgate.gateway.tools.query_sql import QUERY_SQL
from metricgate.gateway.tools.search_catalog import SEARCH_CATALOG
from metricgate.gateway.tools.tool import Servable

TOOLS: tuple[Servable, ...] = (
    SEARCH_CATALOG,
    DESCRIBE_METRIC,
    QUERY_METRICS,
    EXPLAIN_QUERY,
    LIST_DIMENSION_VALUES,
    DESCRIBE_DATASET,
    QUERY_SQL,
    PROPOSE_WRITE,
    GET_ACTION,
    GET_RECEIPT,
)
"""In the order in which doors list them."""

__all__ = ["TOOLS", "Servable"]
