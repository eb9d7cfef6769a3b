"""How agents behave at the gate: switches that stop them, budgets, loops, bursts of refusals."""
