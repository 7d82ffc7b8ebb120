"""The templates of the pages, in `templates/`."""

from typing import Any

from forecast.locations import ROOT
from forecast.report.context import environment


def render(template: str, **context: Any) -> str:
    """Render a page from its template.

    Args:
        template: file name of the template.
        context: the names that it uses; a missing name is an error.
    """
    return environment(ROOT / "docs_pages" / "templates").get_template(template).render(context)
