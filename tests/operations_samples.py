"""For tests: what /metrics says."""


def samples(text):
    """{name{labels}: value}"""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines}
