"""Entries, the Merkle tree over them, signed checkpoints, proofs, verification.

Promises: leaves are hashed as in RFC 6962 over the exact stored bytes; a checkpoint is a C2SP signed note; verification
needs only bytes and a public key. Pure: storage and clocks are ports.
"""
