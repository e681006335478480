"""What every package stands on: actor, clock, columns, database, errors, guard, moves, web."""
