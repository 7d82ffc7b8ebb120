"""What is believed: priors updated by the evidence of a date."""
