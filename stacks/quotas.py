"""Reports a template that is too large for CloudFormation or Lambda before it is deployed."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

#: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
RESOURCES_MAX = 500
OUTPUTS_MAX = 200
TEMPLATE_BYTES_MAX = 1_000_000
#: docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, all of a function's variables
VARIABLES_BYTES_MAX = 4_096


def complaints(name: str, template: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each limit that the stack's template exceeds."""
    resources = template.get("Resources", {})
    found = {
        "resources": (len(resources), RESOURCES_MAX),
        "outputs": (len(template.get("Outputs", {})), OUTPUTS_MAX),
        "bytes of template": (len(json.dumps(template, indent=1)), TEMPLATE_BYTES_MAX),
    }
    for what, (count, most) in found.items():
        if count > most:
            yield f"{name} has {count} {what}, but CloudFormation allows {most}: configure less."
    for identity, resource in resources.items():
        variables = resource.get("Properties", {}).get("Environment", {}).get("Variables", {})
        size = len(json.dumps(variables).encode())
        if size > VARIABLES_BYTES_MAX:
            yield (
                f"{name}: the variables of {identity} take {size} bytes, but Lambda allows "
                f"{VARIABLES_BYTES_MAX}: shorten api_url, login_url or the environment's name."
            )
