"""pytest's settings for notebooks; a plugin of tests/ would not reach book/."""


def pytest_collectstart(collector):
    """Leave stderr out of nbval's comparison: TensorFlow's log differs from machine to machine."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr",)
