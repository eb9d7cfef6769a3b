"""What a state may hold in memory where one gateway at a time has it: budgets and pauses."""
