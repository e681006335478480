"""The live channel: rooms, the tail of the journal, fan-out, catch-up. See docs/protocol.md."""
