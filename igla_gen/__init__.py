"""igla-gen: compiles `.vibee` specs into PyTorch modules, trainers and tests."""

__version__ = "0.1.0"
