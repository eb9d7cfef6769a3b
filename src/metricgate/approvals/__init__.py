"""The life of a proposed action: what an approval is bound to, who may decide, when it lapses; pure transitions."""
