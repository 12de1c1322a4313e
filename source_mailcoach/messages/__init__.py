"""What a person is told: problems, progress, and how much there is to do."""
