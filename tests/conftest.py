"""Settings that all tests of the compiler share.

Generated cases are the same in every run, so that a red test is the change's fault and not the draw's.
`pytest tests --hypothesis-profile search` draws new ones.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("same", derandomize=True, database=None, deadline=None, suppress_health_check=_SLOW)
settings.register_profile("search", database=None, deadline=None, suppress_health_check=_SLOW)
settings.load_profile("same")
