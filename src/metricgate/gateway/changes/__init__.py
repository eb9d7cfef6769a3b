"""Changes: proposed, rehearsed, decided, held, approved, carried out once, journaled, taken back."""
