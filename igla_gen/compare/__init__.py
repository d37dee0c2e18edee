"""What changed between two versions of specs, by meaning: checkpoints, numerics, api, defaults, tests, docs."""
