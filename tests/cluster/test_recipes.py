"""Every recipe is what the program that reads it takes."""

from __future__ import annotations

import copy
import importlib
import inspect
import json
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml  # type: ignore[import-untyped]

from dmedia.cli.app import app
from tests.cluster.recipes import (
    CLUSTER,
    command_lines,
    compose,
    copied,
    documents,
    environment_file,
    shell_blocks,
    unit,
)
from tests.command import ROOT, below
from tests.machines import need, run

OPERATOR = Path(str(importlib.util.find_spec("dask_kubernetes").origin)).parent / "operator"  # type: ignore[union-attr]
HOME = "/shared/dmedia-home"


def test_compose_takes_the_compose_file() -> None:
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    run(*checker, CLUSTER / "compose.yaml")


def test_all_files_that_compose_mounts_are_there() -> None:
    for name, service in compose()["services"].items():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (CLUSTER / source).is_file(), f"{name} mounts {source}"


@pytest.mark.parametrize("name", ["volume", "network", "job"])
def test_kubernetes_takes_its_files(name: str) -> None:
    for document in documents(f"kubernetes/{name}.yaml"):
        kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def test_a_launcher_elsewhere_can_let_the_operator_make_the_cluster() -> None:
    (read,) = documents("kubernetes/kubecluster.yaml")
    maker = getattr(importlib.import_module(read["module"]), read["class"])
    assert set(read["kwargs"]) <= set(inspect.signature(maker).parameters)
    assert (ROOT / read["kwargs"]["custom_cluster_spec"]).samefile(CLUSTER / "kubernetes/cluster.yaml")


@pytest.mark.parametrize(("name", "kind"), [("cluster", "daskcluster"), ("autoscaler", "daskautoscaler")])
def test_the_operator_takes_its_files(name: str, kind: str) -> None:
    chart = OPERATOR / "deployment/helm/dask-kubernetes-operator"
    definition = yaml.safe_load((chart / f"crds/{kind}.yaml").read_text("utf-8"))
    (version,) = definition["spec"]["versions"]
    (document,) = documents(f"kubernetes/{name}.yaml")
    assert document["kind"] == definition["spec"]["names"]["kind"]
    assert document["apiVersion"] == f"{definition['spec']['group']}/{version['name']}"
    jsonschema.validate(document, strict(version["schema"]["openAPIV3Schema"]))


def strict(schema: Any) -> Any:
    """Refuse keys that a schema does not name: Kubernetes drops them without a word."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: strict(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        inner["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": {}} if "spec" in schema["properties"] else {}
        inner.setdefault("additionalProperties", False)
    return inner


def test_kubernetes_takes_what_the_operator_makes_of_the_cluster() -> None:
    made = operators_resources()
    for resource in made:
        kubernetes_validate.validate(resource, kubernetes_validate.latest_version(), strict=True)
    scheduler, service, worker = made
    assert service["metadata"]["name"] == "dmedia-scheduler"
    (job,) = documents("kubernetes/job.yaml")
    (launcher,) = job["spec"]["template"]["spec"]["containers"]
    assert {"name": "DASK_SCHEDULER_ADDRESS", "value": "tcp://dmedia-scheduler:8786"} in launcher["env"]
    labels = scheduler["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    (network,) = documents("kubernetes/network.yaml")
    for pod in (scheduler, worker):
        chosen = pod["spec"]["template"]["metadata"]["labels"].items()
        assert network["spec"]["podSelector"]["matchLabels"].items() <= chosen
    allowed = [origin["podSelector"]["matchLabels"] for origin in network["spec"]["ingress"][0]["from"][:2]]
    assert job["spec"]["template"]["metadata"]["labels"] in allowed
    (container,) = worker["spec"]["template"]["spec"]["containers"]
    assert {"DASK_WORKER_NAME", "DASK_SCHEDULER_ADDRESS"} <= {variable["name"] for variable in container["env"]}


def operators_resources() -> list[Any]:
    """Let the operator's own functions make deployments and service of our cluster."""
    program = """
import json, sys
from dask_kubernetes.operator.controller import controller as c
spec = json.load(sys.stdin)["spec"]
print(json.dumps([
    c.build_scheduler_deployment_spec("dmedia", spec["scheduler"]["spec"], {}, {}),
    c.build_scheduler_service_spec("dmedia", spec["scheduler"]["service"], {}, {}),
    c.build_worker_deployment_spec("dmedia-default", "default", "dmedia", "0", spec["worker"]["spec"], {}, {}),
]))
"""
    (document,) = documents("kubernetes/cluster.yaml")
    made: list[Any] = json.loads(
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            input=json.dumps(copy.deepcopy(document)),
            stdout=subprocess.PIPE,
            text=True,
            timeout=60,
            check=True,
        ).stdout
    )
    return made


def test_shell_scripts_are_clean() -> None:
    need("shellcheck", package="shellcheck")
    for script in (CLUSTER / "slurm.sh", CLUSTER / "tls/make-certs.sh", ROOT / ".ci/run"):
        assert script.stat().st_mode & stat.S_IXUSR
        run("bash", "-n", script)
        run("shellcheck", script)


def test_commands_of_the_page_are_clean(tmp_path: Path) -> None:
    need("shellcheck", package="shellcheck")
    for number, block in enumerate(shell_blocks()):
        page = tmp_path / f"{number}.sh"
        page.write_text(f"#!/usr/bin/env bash\n{block}")
        run("shellcheck", "--exclude=SC2155,SC2164", page)


@pytest.mark.parametrize("name", ["dmedia-scheduler", "dmedia-worker"])
def test_systemd_takes_the_units(name: str, tmp_path: Path) -> None:
    need("systemd-analyze", package="systemd")
    text = (CLUSTER / f"systemd/{name}.service").read_text("utf-8")
    program = shutil.which("true")
    (tmp_path / f"{name}.service").write_text(text.replace("/opt/dmedia/.venv/bin/dask", str(program)))
    assert run("systemd-analyze", "verify", tmp_path / f"{name}.service") == ""
    read = unit(f"{name}.service")
    assert read["Restart"] == ["always"]
    assert set(re.findall(r"\$\{(\w+)\}", read["ExecStart"][0])) <= set(environment_file())
    assert f"# /etc/systemd/system/{name}.service" in text


def test_the_image_holds_all_that_its_build_needs_and_nothing_else(tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    for path in copied(CLUSTER / "Dockerfile"):
        source = ROOT / path
        assert source.exists(), f"the Dockerfile copies {path}, which is not there"
        if source.is_dir():
            shutil.copytree(source, context / path, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, context / path)
    admitted = {line[1:] for line in (CLUSTER / "Dockerfile.dockerignore").read_text("utf-8").split() if line[0] == "!"}
    assert admitted == set(copied(CLUSTER / "Dockerfile"))
    builder = "import hatchling.build, sys; hatchling.build.build_wheel(sys.argv[1])"
    run(sys.executable, "-c", builder, tmp_path / "wheel", cwd=context)
    assert [name.split("-")[0] for name in below(tmp_path / "wheel")] == ["dmedia"]


def test_every_command_line_is_understood() -> None:
    lines = command_lines()
    assert len(lines) >= 12
    for place, (program, name, *arguments) in lines.items():
        command = command_of(program, name)
        values = [re.sub(r"\$\{?\w+(:-1)?\}?|\$\(.*\)", "1", argument) for argument in arguments]
        try:
            command.make_parser(click.Context(command)).parse_args(args=values)
        except click.UsageError as error:
            pytest.fail(f"{place}: {error}")


def command_of(program: str, name: str) -> click.Command:
    """Find one of the commands of ``dask`` and ``dmedia``; ``--help`` is one that knows nothing else."""
    if program == "dask":
        command: click.Command = importlib.import_module(f"distributed.cli.dask_{name}").main
        return command
    found = app if name == "--help" else app.get_command(click.Context(app), name)
    assert found is not None
    return found


def test_records_lie_on_the_shared_volume_in_every_recipe() -> None:
    services = compose()["services"]
    ours = [service for service in services.values() if service["image"].startswith("dmedia:")]
    assert len(ours) == 3
    assert all(service["environment"]["DMEDIA_HOME"] == HOME for service in ours)
    assert all(any(volume.endswith(":/shared") for volume in service["volumes"]) for service in ours)
    (job,) = documents("kubernetes/job.yaml")
    assert {"name": "DMEDIA_HOME", "value": HOME} in job["spec"]["template"]["spec"]["containers"][0]["env"]
    assert environment_file()["DMEDIA_HOME"] == HOME
    for name in ("Dockerfile", "slurm.sh"):
        assert HOME in (CLUSTER / name).read_text("utf-8")


def test_every_file_is_told_of_on_the_page() -> None:
    page = (CLUSTER / "README.md").read_text("utf-8")
    helpers = {"README.md", "Dockerfile.dockerignore", "grafana/source.yaml", "grafana/dashboards.yaml"}
    assert not [name for name in below(CLUSTER) if name not in page and name not in helpers]
