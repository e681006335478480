"""Who is here: check-in and check-out, the roster with its holes, ICS 211 and ICS 214."""
