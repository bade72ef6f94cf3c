"""What several restorers share: identity anchor, noise schedule, sampling, fidelity."""
