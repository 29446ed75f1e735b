"""What Prometheus and Grafana are told, they take, and it names what the scheduler exports."""

from __future__ import annotations

import re
from pathlib import Path

import yaml  # type: ignore[import-untyped]

from tests.cluster.recipes import CLUSTER, METRICS, compose, documents, panels
from tests.machines import need, run


def test_prometheus_takes_its_configuration_and_keeps_our_label() -> None:
    need("promtool", package="prometheus")
    run("promtool", "check", "config", CLUSTER / "prometheus.yml")
    (read,) = documents("prometheus.yml")
    assert all(job["honor_labels"] for job in read["scrape_configs"])
    port = compose()["services"]["scheduler"]["ports"][0].split(":")[-1]
    assert read["scrape_configs"][0]["static_configs"][0]["targets"] == [f"scheduler:{port}"]


def queries() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel.get("targets", ())]


def test_the_dashboard_of_grafana_asks_only_for_metrics_that_there_are() -> None:
    asked = {name for query in queries() for name in re.findall(r"\bdmedia_\w+", query)}
    assert asked == set(METRICS)
    for panel in panels():
        for target in panel.get("targets", ()):
            (name,) = set(re.findall(r"\bdmedia_\w+", target["expr"]))
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            named |= set(re.findall(r"(\w+)=~?\"", target["expr"]))
            named |= {label for by in re.findall(r"by \(([^)]*)\)", target["expr"]) for label in by.split(", ")}
            assert named <= METRICS[name], panel["title"]


def test_prometheus_takes_every_query_of_the_dashboard(tmp_path: Path) -> None:
    need("promtool", package="prometheus")
    rules = [{"record": f"q{n}", "expr": query.replace("$job", ".*")} for n, query in enumerate(queries())]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in run("promtool", "check", "rules", tmp_path / "rules.yml")


def test_grafana_finds_what_compose_mounts() -> None:
    (provider,) = documents("grafana/dashboards.yaml")
    folder = provider["providers"][0]["options"]["path"]
    mounted = [volume.split(":")[1] for volume in compose()["services"]["grafana"]["volumes"]]
    assert f"{folder}/dmedia.json" in mounted
    (sources,) = documents("grafana/source.yaml")
    assert sources["datasources"][0]["url"] == "http://prometheus:9090"
