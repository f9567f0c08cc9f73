"""What is read of the files that others run: Docker, Compose and Kubernetes."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm" / "sentri"
