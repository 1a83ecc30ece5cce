"""From truth to measurements: offset, noise, lag, quantisation and age of every channel."""
