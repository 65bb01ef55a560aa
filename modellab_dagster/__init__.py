"""The Dagster code location: definitions, partitions, jobs, schedules and sensors. `workspace.yaml` names it."""

import sys
from pathlib import Path

from modellab.registry.cpu import require_supported, this_cpu
from modellab.settings import PROJECT_ROOT

require_supported(this_cpu())  # before anything here imports what would end the process without a word

# Dagster puts the folder it is started in on the path. From the checkout, its folder `datasets` would then pass for the
# package of that name, and other packages would try to use it.
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != PROJECT_ROOT]
