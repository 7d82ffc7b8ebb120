"""The question, the priors and the evidence as files, read and checked."""
