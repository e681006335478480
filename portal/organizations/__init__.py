"""Companies, associations, contractors, voluntary organizations and agencies."""
