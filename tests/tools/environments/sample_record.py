"""A record of records/environments/, for the tests of those who write and read them."""

RECORD = {
    "environment": "try",
    "title": "A try",
    "date": "2026-11-22",
    "python": "3.13.0",
    "keras": "3.13.2",
    "backend": "tensorflow",
    "backend_version": "2.20.0",
    "device": "cpu",
    "notebooks": {"01_one_number": {"passed": 2, "failed": 1, "skipped": 1, "seconds": 8.1}},
    "notes": [],
}
