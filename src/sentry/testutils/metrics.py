"""What the metrics say, before and after."""

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

type Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: str) -> Samples:
    """Every sample of a text in Prometheus's format, by its name and its labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): float(sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value_of(found: Samples, name: str, **labels: str) -> float:
    """One sample's value; 0 where it is not there."""
    return found.get((name, frozenset(labels.items())), 0.0)
