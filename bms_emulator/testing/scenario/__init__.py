"""Scenarios: scripted sequences of stimuli and expectations, in YAML."""
