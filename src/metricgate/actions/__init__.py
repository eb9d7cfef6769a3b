"""Governed actions: changes that a steward wrote once, and that agents call by name with parameters.

Promises: an action's statement is the steward's; parameters enter it as values only; every mistake in a document comes
with its place. Decides nothing and runs nothing.
"""

from metricgate.actions.action_loader import load
from metricgate.actions.definition import ActionDefinition, Inverse, Parameter, RiskClass

__all__ = ["ActionDefinition", "Inverse", "Parameter", "RiskClass", "load"]
