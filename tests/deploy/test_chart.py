"""The Helm chart, rendered by Helm's own library and judged by Kubernetes' own schemas. No cluster is asked."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import kubernetes_validate
import pytest
import yaml
from django.db import connection

from runs import ledger
from runs.engine.plan import CrawlOptions
from sentri.env import Env
from tests.api.conftest import World, world  # noqa: F401 - a fixture
from tests.deploy.conftest import CHART

helm = pytest.importorskip("helm_python", reason="Helm's library comes for Linux on x86-64 only")
PLAIN = {"storageUrl": "s3://bucket/qa", "existingSecret": "mine"}
OWN_SECRET = {
    "storageUrl": "s3://bucket/qa?endpoint=http://minio:9000",
    "secret": {
        "secretKey": "k" * 32,
        "databaseUrl": "postgresql://u:p@db/sentri",
        "redisUrl": "redis://r",
        "storageKey": "a",
    },
}
EVERYTHING = {
    **OWN_SECRET,
    "baseUrl": "https://qa.test",
    "config": {"SENTRI_BROWSER_WS": "http://browsers:9222", "SENTRI_ALLOWED_PRIVATE_HOSTS": "10.0.0.0/8"},
    "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "tls", "annotations": {"a": "b"}},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}, "bearerTokenSecret": {"name": "metrics"}},
    "autoscaling": {"kind": "keda"},
    "imagePullSecrets": [{"name": "registry"}],
    "worker": {"tolerations": [{"key": "qa", "operator": "Exists"}], "nodeSelector": {"pool": "qa"}},
}
WITH_HPA = {**PLAIN, "autoscaling": {"kind": "hpa"}}
WITH_PROMETHEUS = {**PLAIN, "autoscaling": {"kind": "keda", "keda": {"trigger": "prometheus"}}}
ALL = {
    "plain": PLAIN,
    "own secret": OWN_SECRET,
    "everything": EVERYTHING,
    "hpa": WITH_HPA,
    "prometheus": WITH_PROMETHEUS,
}
every = pytest.mark.parametrize("values", ALL.values(), ids=ALL)


def rendered(values: dict[str, Any]) -> list[dict[str, Any]]:
    chart = helm.Chart.load(CHART)
    chart.validate_schema(values)
    manifests = chart.render(values, name="qa", namespace="tools")
    texts = [text for path, text in manifests.items() if path.endswith(".yaml")]
    return [part for text in texts for part in yaml.safe_load_all(text) if part]


def of_kind(parts: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {part["metadata"]["name"]: part for part in parts if part["kind"] == kind}


def pods(parts: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for part in parts:
        if part["kind"] in ("Deployment", "Job"):
            yield part["metadata"]["name"], part["spec"]["template"]


@every
def test_the_chart_passes_helms_own_lint(values: dict[str, Any]) -> None:
    report = helm.lint(CHART, values, strict=True)
    assert [said for said in report["messages"] if said["severity"] > 1] == []
    assert report["errors"] == []


@every
@pytest.mark.parametrize("version", ["1.27", "1.37"])
def test_what_it_renders_is_what_kubernetes_knows(values: dict[str, Any], version: str) -> None:
    known = [
        part
        for part in rendered(values)
        if "." not in part["apiVersion"].split("/")[0] or "k8s.io" in part["apiVersion"]
    ]
    assert len(known) >= 8
    for part in known:
        kubernetes_validate.validate(part, version, strict=True)


@every
def test_names_are_unique_and_labels_belong_to_the_release(values: dict[str, Any]) -> None:
    parts = rendered(values)
    assert max(Counter((part["kind"], part["metadata"]["name"]) for part in parts).values()) == 1
    assert all(part["metadata"]["labels"]["app.kubernetes.io/instance"] == "qa" for part in parts)
    assert all(part["metadata"]["name"].startswith("qa-sentri") for part in parts)


@every
def test_every_selector_finds_the_pods_of_one_part_alone(values: dict[str, Any]) -> None:
    parts = rendered(values)
    found = dict(pods(parts))
    wanted = [(part, part["spec"]["selector"]) for part in parts if "selector" in part.get("spec", {})]
    assert len(wanted) >= 5
    for part, selector in wanted:
        labels = selector.get("matchLabels", selector) if part["kind"] != "Service" else selector
        hit = {name for name, pod in found.items() if labels.items() <= pod["metadata"]["labels"].items()}
        part_of = "qa-sentri-web" if part["kind"] == "ServiceMonitor" else part["metadata"]["name"]
        assert hit == {part_of}, part


@every
def test_everything_that_is_referred_to_exists(values: dict[str, Any]) -> None:
    parts = rendered(values)
    secrets = {*of_kind(parts, "Secret"), values.get("existingSecret"), "registry"}
    for name, pod in pods(parts):
        spec = pod["spec"]
        [container] = spec["containers"]
        volumes = {volume["name"] for volume in spec["volumes"]}
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
        for source in container["envFrom"]:
            if "configMapRef" in source:
                assert source["configMapRef"]["name"] in of_kind(parts, "ConfigMap"), name
            else:
                assert source["secretRef"]["name"] in secrets, name
        if "serviceAccountName" in spec:
            assert spec["serviceAccountName"] in of_kind(parts, "ServiceAccount")
    for ingress in of_kind(parts, "Ingress").values():
        backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
        ports = of_kind(parts, "Service")[backend["name"]]["spec"]["ports"]
        assert backend["port"]["name"] in {port["name"] for port in ports}
    for kind in ("ScaledObject", "HorizontalPodAutoscaler"):
        for scaler in of_kind(parts, kind).values():
            assert scaler["spec"]["scaleTargetRef"]["name"] in of_kind(parts, "Deployment")


@every
def test_hooks_need_nothing_that_is_made_after_them(values: dict[str, Any]) -> None:
    parts = rendered(values)
    [job] = of_kind(parts, "Job").values()
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    spec = job["spec"]["template"]["spec"]
    assert "serviceAccountName" not in spec
    sources = [next(iter(source.values()))["name"] for source in spec["containers"][0]["envFrom"]]
    early = {part["metadata"]["name"] for part in parts if "helm.sh/hook" in part["metadata"].get("annotations", {})}
    assert set(sources) <= early | {values.get("existingSecret")}


@every
def test_every_variable_that_is_set_is_one_that_sentri_reads(values: dict[str, Any]) -> None:
    known = {f"SENTRI_{field.name.upper()}" for field in fields(Env)}
    parts = rendered(values)
    said = [
        *(name for part in of_kind(parts, "ConfigMap").values() for name in part["data"]),
        *(name for part in of_kind(parts, "Secret").values() for name in part["stringData"]),
        *(entry["name"] for _, pod in pods(parts) for entry in pod["spec"]["containers"][0].get("env", [])),
    ]
    assert {name for name in said if name.startswith("SENTRI_")} <= known
    assert "SENTRI_STORAGE_URL" in said


def test_pods_run_as_nobody_and_write_to_their_scratch_directory_alone() -> None:
    for _, pod in pods(rendered(PLAIN)):
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        assert pod["spec"]["automountServiceAccountToken"] is False
        [container] = pod["spec"]["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/tmp", "/data"}


def test_workers_get_longer_to_stop_than_they_may_take() -> None:
    worker = dict(pods(rendered({**PLAIN, "worker": {"graceSeconds": 60}})))["qa-sentri-worker"]
    assert worker["spec"]["terminationGracePeriodSeconds"] == 85
    assert (
        of_kind(rendered({**PLAIN, "worker": {"graceSeconds": 60}}), "ConfigMap")["qa-sentri"]["data"][
            "SENTRI_GRACE_SECONDS"
        ]
        == "60"
    )


def test_the_web_application_is_probed_and_answers_to_its_names() -> None:
    web = dict(pods(rendered({**PLAIN, "baseUrl": "https://qa.test"})))["qa-sentri-web"]["spec"]["containers"][0]
    paths = {probe: web[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "liveness", "readiness")}
    assert paths == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
    hosts = next(entry["value"] for entry in web["env"] if entry["name"] == "SENTRI_ALLOWED_HOSTS")
    assert hosts == "qa.test,localhost,$(POD_IP)"


def test_an_autoscaler_owns_the_number_of_workers() -> None:
    assert of_kind(rendered(PLAIN), "Deployment")["qa-sentri-worker"]["spec"]["replicas"] == 2
    for values in (EVERYTHING, WITH_HPA):
        assert "replicas" not in of_kind(rendered(values), "Deployment")["qa-sentri-worker"]["spec"]


def test_browsers_elsewhere_are_told_the_address_of_the_pod() -> None:
    worker = dict(pods(rendered(EVERYTHING)))["qa-sentri-worker"]["spec"]["containers"][0]
    [entry] = worker["env"]
    assert (entry["name"], entry["valueFrom"]) == ("SENTRI_EGRESS_HOST", {"fieldRef": {"fieldPath": "status.podIP"}})


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"existingSecret": "mine"}, "Set storageUrl"),
        ({"storageUrl": "s3://b"}, "Set secret.secretKey"),
        ({**PLAIN, "autoscaling": {"kind": "often"}}, "kind"),
        ({**PLAIN, "config": {"DEBUG": "1"}}, "DEBUG"),
        ({**PLAIN, "storage": "s3://b"}, "storage"),
    ],
)
def test_values_that_make_no_sense_are_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(helm.HelmError) as refused:
        rendered(values)
    assert sentence in str(refused.value)


def trigger(values: dict[str, Any]) -> dict[str, Any]:
    [scaler] = of_kind(rendered(values), "ScaledObject").values()
    [found] = scaler["spec"]["triggers"]
    return dict(found["metadata"])


def test_keda_asks_the_database_how_much_work_waits(world: World) -> None:  # noqa: F811
    said = trigger(EVERYTHING)
    assert said["connectionFromEnv"] == "SENTRI_DATABASE_URL"

    def waiting() -> int:
        with connection.cursor() as cursor:
            cursor.execute(said["query"])
            return int(cursor.fetchone()[0])

    assert waiting() == 0
    run = world.run()
    assert waiting() == run.results.count() > 0
    ledger.abort(run.pk, "Ada")
    assert waiting() == 0
    crawl = ledger.open_crawl(ledger.RunRequest(world.project, None, "Ada"), CrawlOptions(max_pages=3))
    assert waiting() == crawl.pages.filter(status="pending").count()


def test_prometheus_is_asked_for_metrics_of_this_name() -> None:
    names = set(re.findall(r"sentri_\w+", trigger(WITH_PROMETHEUS)["query"]))
    assert names == {"sentri_results", "sentri_pages"}


def test_the_schema_of_values_knows_every_value() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    assert set(yaml.safe_load((CHART / "values.yaml").read_text())) <= set(schema["properties"])
