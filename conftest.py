"""pytest's settings for notebooks; a plugin of tests/ would not reach book/."""

# What of an interactive ledger is not saved (tools/notebooks/files.py, LIVE, in nbval's flavour).
LIVE = r'(?s: data-state="[^"]*"|<script class="lossbook-ledger">.*?</script>)'


def pytest_collectstart(collector):
    """Leave stderr out of nbval's comparison: TensorFlow's log differs from machine to machine."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr",)
        collector.sanitize_patterns[LIVE] = ""
